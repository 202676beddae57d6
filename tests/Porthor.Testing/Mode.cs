using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Porthor.Testing;

/// <summary>The three deployment modes.</summary>
public enum Mode
{
    Embedded,
    Database,
    Cluster,
}

/// <summary>
/// Runs a test in each mode on real stores. If the servers of a mode are not installed, the test is skipped in that mode, and the skip
/// reason names what to install. <c>./test.sh --fast</c> runs the test in embedded mode only.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryModeAttribute : DataAttribute
{
    /// <summary>True if the test looks up users in LDAP.</summary>
    public bool WithLdap { get; set; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Enum.GetValues<Mode>().Where(mode => mode == Mode.Embedded || !Prerequisites.Fast).Select(mode => new TheoryDataRow<Mode>(
            mode) { Skip = Prerequisites.SkipReason(mode) ?? (WithLdap ? Prerequisites.LdapSkipReason : null) })]);

    public override bool SupportsDiscoveryEnumeration() => true;
}

/// <summary>
/// Runs a test in embedded and cluster mode. It is for slow tests that start the program many times. Database mode has no code of its own
/// there: it stores token records as embedded mode does, and the token list as cluster mode does. The tests of the stores run in all modes.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EmbeddedAndClusterAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. ((Mode[])[Mode.Embedded, Mode.Cluster]).Where(mode => mode == Mode.Embedded || !Prerequisites.Fast)
            .Select(mode => new TheoryDataRow<Mode>(mode) { Skip = Prerequisites.SkipReason(mode) })]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
