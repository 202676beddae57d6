using System.Reflection;
using Porthor.Testing;
using Xunit.Sdk;
using Xunit.v3;

namespace Porthor.Proxies.Tests;

/// <summary>
/// Runs a test behind each proxy. If a proxy is not installed, the test is skipped for it, and the skip reason names what to install.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryProxyAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Enum.GetValues<Proxy>().Select(proxy => new TheoryDataRow<Proxy>(proxy) { Skip = ProxyProcess.SkipReason(proxy) })]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
