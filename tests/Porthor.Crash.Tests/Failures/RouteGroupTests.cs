using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Failures;

/// <summary>Checks that every route, including new ones, is tested with failed stores.</summary>
public sealed class RouteGroupTests
{
    [Fact]
    public async Task Every_route_is_tested_with_failed_stores()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, RouteGroups.Configure);
        var tested = (await RouteGroups.CreateAsync(server)).All.Select(group => group.Route.Split(',')[0]).Distinct();
        var mapped = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(route => MethodsOf(route).Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/')}"));
        mapped.Where(RouteGroups.IsCovered).Order().ShouldBe(tested.Order());
    }

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint route) =>
        route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["any"];
}
