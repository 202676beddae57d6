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
/// to install. <c>./test.sh --fast</c> runs the test in embedded mode only.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryModeAttribute : DataAttribute
{
    /// <summary>The test looks users up in LDAP.</summary>
    public bool WithLdap { get; set; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Enum.GetValues<Mode>().Where(mode => mode == Mode.Embedded || !Prerequisites.Fast).Select(mode => new TheoryDataRow<Mode>(mode) { Skip = Prerequisites.WhyNot(mode) ?? (WithLdap ? Prerequisites.WhyNotLdap : null) })]);

    public override bool SupportsDiscoveryEnumeration() => true;
}

/// <summary>The programs of this machine that tests may start.</summary>
public static class Prerequisites
{
    /// <summary>
    /// <c>./test.sh --fast</c> sets the variable PORTHOR_FAST: no other program is found, and a test that needs one is skipped. No list of
    /// tests is needed, also when tests are added.
    /// </summary>
    public static bool Fast { get; } = Environment.GetEnvironmentVariable("PORTHOR_FAST") is not (null or "");

    public static string? PostgresBin { get; } = Fast ? null
        : Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin"))
            .FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : Find("initdb") is { } initdb ? Path.GetDirectoryName(initdb) : null;

    public static string? RedisServer { get; } = Find("redis-server") ?? Find("valkey-server");

    public static string? Slapd { get; } = Find("slapd");

    public static string? PgBouncer { get; } = Find("pgbouncer");

    /// <summary>Null if a connection pooler can be tested here.</summary>
    public static string? WhyNotPgBouncer => WhyNot(Mode.Database) ?? (PgBouncer is null ? Missing("PgBouncer", "pgbouncer") : null);

    /// <summary>Null if LDAP can be tested here.</summary>
    public static string? WhyNotLdap => Slapd is null || Find("ldapmodify") is null ? Missing("LDAP", "slapd and ldap-utils") : null;

    /// <summary>Null if the mode can be tested here.</summary>
    public static string? WhyNot(Mode mode) => mode switch
    {
        not Mode.Embedded when PostgresBin is null => Missing("PostgreSQL", "postgresql"),
        Mode.Cluster when RedisServer is null => Missing("Redis", "redis-server"),
        _ => null,
    };

    /// <summary>Returns the reason why a test that needs a program is skipped.</summary>
    public static string Missing(string program, string package) =>
        Fast ? LeftOut(program) : $"{program} is not installed; ./test.sh installs it (Debian's {package})";

    private static string LeftOut(string program) => $"./test.sh --fast leaves out tests that need {program}";

    /// <summary>Skips a test that starts another program, if such tests are left out.</summary>
    public static void SkipIfFast(string program) => SkipWhen(Fast ? LeftOut(program) : null);

    /// <summary>Skips a test of a mode that cannot be tested here, and says why.</summary>
    public static void SkipWithout(Mode mode) => SkipWhen(WhyNot(mode));

    /// <param name="whyNot">Null if there is no reason to skip.</param>
    public static void SkipWhen(string? whyNot) => Assert.SkipWhen(whyNot is not null, whyNot ?? "");

    /// <summary>Returns the path of a program; null if it is not installed, or if tests that need other programs are left out.</summary>
    public static string? Find(string program) => Fast ? null : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
