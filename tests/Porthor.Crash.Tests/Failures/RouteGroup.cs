using Porthor.Testing;

namespace Porthor.Crash.Tests.Failures;

/// <summary>A kind of request and its requirements.</summary>
/// <param name="Route">The method and the route pattern.</param>
/// <param name="ExpectedStatus">The status without failures.</param>
/// <param name="Needs">The stores without which the request fails.</param>
/// <param name="TimeLimit">The time limit of the response.</param>
/// <param name="UnavailableStatus">The status while a required store is unavailable.</param>
internal sealed record RouteGroup(
    string Route, int ExpectedStatus, Store Needs, TimeSpan TimeLimit, Func<Task<Answer>> SendAsync, int UnavailableStatus = 503)
{
    public override string ToString() => Route;
}
