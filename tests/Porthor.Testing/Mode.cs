using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Porthor.Testing;

/// <summary>The three ways to run, as tests name them.</summary>
public enum Mode
{
    Embedded,
    Database,
    Cluster,
}

/// <summary>
/// Runs a test in each mode, on the real stores. A mode whose servers are not installed is reported as skipped, with what
/// to install.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryModeAttribute : DataAttribute
{
    /// <summary>The test looks users up in LDAP.</summary>
    public bool WithLdap { get; set; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Enum.GetValues<Mode>().Select(mode => new TheoryDataRow<Mode>(mode) { Skip = Prerequisites.WhyNot(mode) ?? (WithLdap ? Prerequisites.WhyNotLdap : null) })]);

    public override bool SupportsDiscoveryEnumeration() => true;
}

/// <summary>What is installed on this machine.</summary>
public static class Prerequisites
{
    public static string? PostgresBin { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin"))
            .FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : Find("initdb") is { } initdb ? Path.GetDirectoryName(initdb) : null;

    public static string? RedisServer { get; } = Find("redis-server") ?? Find("valkey-server");

    public static string? Slapd { get; } = Find("slapd");

    public static string? PgBouncer { get; } = Find("pgbouncer");

    /// <summary>Null if a connection pooler can be tested here.</summary>
    public static string? WhyNotPgBouncer => WhyNot(Mode.Database) ?? (PgBouncer is null ? "PgBouncer is not installed; ./test.sh installs it (Debian's pgbouncer)" : null);

    /// <summary>Null if LDAP can be tested here.</summary>
    public static string? WhyNotLdap =>
        Slapd is null || Find("ldapmodify") is null ? "LDAP is not installed; ./test.sh installs it (Debian's slapd and ldap-utils)" : null;

    /// <summary>Null if the mode can be tested here.</summary>
    public static string? WhyNot(Mode mode) => mode switch
    {
        not Mode.Embedded when PostgresBin is null => "PostgreSQL is not installed; ./test.sh installs it (Debian's postgresql)",
        Mode.Cluster when RedisServer is null => "Redis is not installed; ./test.sh installs it (Debian's redis-server)",
        _ => null,
    };

    /// <summary>Skips a test of a mode that cannot be tested here, and says why.</summary>
    public static void SkipWithout(Mode mode) => SkipWhen(WhyNot(mode));

    /// <param name="whyNot">Null if there is no reason to skip.</param>
    public static void SkipWhen(string? whyNot) => Assert.SkipWhen(whyNot is not null, whyNot ?? "");

    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
