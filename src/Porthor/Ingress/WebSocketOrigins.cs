using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>
/// Checks the origin of WebSocket handshakes (RFC 6455 section 10.2; deviations 37). Browsers allow every page to open a WebSocket to every
/// host, send the cookies of that host, and do not apply CORS. Only the server can deny such a handshake.
/// </summary>
/// <param name="hosts">The hosts of the deployment.</param>
/// <param name="allowed">The foreign origins that are allowed, from the setting <c>allowedOrigins</c>.</param>
internal sealed class WebSocketOrigins(IDeploymentHosts hosts, IReadOnlyList<WebOrigin> allowed)
{
    /// <summary>Returns true if a handshake with these values of <c>Origin</c> is allowed.</summary>
    /// <param name="origins">The values. They come from the client, and may not be valid origins.</param>
    /// <param name="url">The URL of the user's request.</param>
    public bool AreAllowed(IReadOnlyList<string?> origins, string url) =>
        origins is [var text]
        && WebOrigin.TryParse(text) is { } origin
        && (WebOrigin.Of(hosts.BaseUrl) == origin
            || allowed.Contains(origin)
            || (Uri.TryCreate(url, UriKind.Absolute, out var request) && WebOrigin.Of(request) is { } own && origin.IsOriginOf(own)));

    /// <summary>Returns the answer to a handshake from a foreign origin.</summary>
    public static DeniedAnswer Deny(IReadOnlyList<string?> origins)
    {
        var shown = HeaderText.Decode(origins.Count > 0 ? origins[0] ?? "" : "");
        return DeniedAnswer.Refused(
            403, "permission_denied", "WebSocket handshake from a foreign origin not allowed", IngressEvent.ForeignOrigin,
            $"WebSocket handshake from {shown} not allowed. To allow it, add the origin to allowedOrigins.");
    }
}
