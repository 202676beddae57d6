using Xunit;

namespace Porthor.Testing;

/// <summary>The programs that are installed on this machine and that tests may start.</summary>
public static class Prerequisites
{
    /// <summary>
    /// True if <c>./test.sh --fast</c> has set the variable PORTHOR_FAST. Then <see cref="Find"/> finds no program, and tests that need one
    /// are skipped.
    /// </summary>
    public static bool Fast { get; } = Environment.GetEnvironmentVariable("PORTHOR_FAST") is not (null or "");

    public static string? PostgresBin { get; } = Fast ? null
        : Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(
            version => Path.Combine(version, "bin"))
            .FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : Find("initdb") is { } initdb ? Path.GetDirectoryName(initdb) : null;

    public static string? RedisServer { get; } = Find("redis-server") ?? Find("valkey-server");

    public static string? Slapd { get; } = Find("slapd");

    public static string? PgBouncer { get; } = Find("pgbouncer");

    /// <summary>The reason why tests with PgBouncer cannot run on this machine; null if they can.</summary>
    public static string? PgBouncerSkipReason =>
        SkipReason(Mode.Database) ?? (PgBouncer is null ? Missing("PgBouncer", "pgbouncer") : null);

    /// <summary>The reason why tests with LDAP cannot run on this machine; null if they can.</summary>
    public static string? LdapSkipReason => Slapd is null || Find("ldapmodify") is null ? Missing("LDAP", "slapd and ldap-utils") : null;

    /// <summary>Returns the reason why tests of a mode cannot run on this machine; null if they can.</summary>
    public static string? SkipReason(Mode mode) => mode switch
    {
        not Mode.Embedded when PostgresBin is null => Missing("PostgreSQL", "postgresql"),
        Mode.Cluster when RedisServer is null => Missing("Redis", "redis-server"),
        _ => null,
    };

    /// <summary>Returns the reason why a test that needs a program is skipped.</summary>
    public static string Missing(string program, string package) =>
        Fast ? NotInFast(program) : $"{program} is not installed; ./test.sh installs it (Debian's {package})";

    private static string NotInFast(string program) => $"./test.sh --fast skips tests that need {program}";

    /// <summary>Skips a test that starts another program if <see cref="Fast"/> is true.</summary>
    public static void SkipIfFast(string program) => SkipWhen(Fast ? NotInFast(program) : null);

    /// <summary>Skips a test if its mode cannot be tested on this machine.</summary>
    public static void SkipWithout(Mode mode) => SkipWhen(SkipReason(mode));

    /// <param name="skipReason">The reason to skip the test; null to run it.</param>
    public static void SkipWhen(string? skipReason) => Assert.SkipWhen(skipReason is not null, skipReason ?? "");

    /// <summary>Returns the path of a program; null if it is not installed, or if <see cref="Fast"/> is true.</summary>
    public static string? Find(string program) => Fast ? null : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
