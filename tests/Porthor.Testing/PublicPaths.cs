using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Porthor.Testing;

/// <summary>The paths that a client without a token can request with GET.</summary>
internal static class PublicPaths
{
    /// <summary>Returns a path for every route of the server, which includes future routes, and paths without a route.</summary>
    public static IReadOnlyList<string> Of(IServiceProvider services)
    {
        return
        [
            .. RoutesOf(services, "GET").Concat(
            [
                "/nowhere", "/auth/api/v1/nowhere", "/auth/tokens/", "/login?rd=https%3A%2F%2Fevil.example%2F",
                "/" + string.Concat(Enumerable.Repeat("x/", 2000)), "/ingress/auth?scope=read:all", "/auth/docs/",
                "/auth/assets/porthor.css",
                "/auth/assets/porthor.js", "/auth/assets/porthor.svg",
            ]).Distinct(),
        ];
    }

    /// <summary>Returns a path for every route of the server that has a method.</summary>
    public static IEnumerable<string> RoutesOf(IServiceProvider services, string method) =>
        services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(method) ?? true)
            .Select(route => "/" + string.Join(
                '/', route.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(Fill))))).Distinct();

    private static string Fill(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart { Name: "key" } => "aj792KhFp_aHRBajMaGVPQ",
        _ => "somebody",
    };
}
