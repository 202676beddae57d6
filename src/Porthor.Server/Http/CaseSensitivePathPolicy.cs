using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Porthor.Server.Http;

/// <summary>
/// Matches paths as the reference does: case-sensitively, and with a trailing slash only if the route has one (contract/api.md 1). Proxies
/// compare paths in the same way. A more tolerant match would serve paths that a rule of the proxy blocks.
/// </summary>
internal sealed class CaseSensitivePathPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>Runs before the policy for HTTP methods: a path that does not match has no methods.</summary>
    public override int Order => -2000;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => true;

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        var path = httpContext.Request.Path.Value ?? "";
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i)
                && candidates[i].Endpoint is RouteEndpoint route
                && route.Metadata.GetMetadata<AnyPathForm>() is null
                && !Matches(route.RoutePattern, path))
                candidates.SetValidity(i, value: false);
        }
        return Task.CompletedTask;
    }

    private static bool Matches(RoutePattern pattern, string path)
    {
        // The web server does not decode %2F, and no name in a route contains a slash.
        if (path.Contains("%2F", StringComparison.OrdinalIgnoreCase))
            return false;
        var template = pattern.RawText ?? "";
        if (path.Length > 1 && path.EndsWith('/') != template.EndsWith('/'))
            return false;
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < pattern.PathSegments.Count && i < segments.Length; i++)
        {
            if (pattern.PathSegments[i].Parts is [RoutePatternLiteralPart literal] && literal.Content != segments[i])
                return false;
        }
        return true;
    }
}

/// <summary>Marks the routes of a library that relies on the path matching of the framework.</summary>
internal sealed class AnyPathForm;
