using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Porthor.Server.Http;

/// <summary>
/// Paths as the reference matches them: with their case, and with or without a slash at the end as the route was written
/// (contract/api.md 1). A proxy in front compares paths so, too; whoever is laxer serves what the proxy meant to hide.
/// </summary>
internal sealed class CaseSensitivePathPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>Before the policy that looks at methods: a path that does not match has no methods.</summary>
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
        // A slash is a slash, however it is written; the server leaves this one as it is, for a part of a name.
        if (path.Contains("%2F", StringComparison.OrdinalIgnoreCase))
            return false;
        var written = pattern.RawText ?? "";
        if (path.Length > 1 && path.EndsWith('/') != written.EndsWith('/'))
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

/// <summary>Marks a library's routes, which count on the framework's own way of matching.</summary>
internal sealed class AnyPathForm;
