using Microsoft.Extensions.Primitives;
using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// Checks the origin of WebSocket handshakes (RFC 6455 section 10.2; deviations 37). Browsers allow every page to open a WebSocket to every
/// host with the cookies of that host, and do not apply CORS: only the server can deny it.
/// </summary>
/// <param name="allowed">The setting <c>allowedOrigins</c>.</param>
internal sealed class WebSocketOrigins(ServerIdentity identity, IReadOnlyList<WebOrigin> allowed)
{
    /// <summary>The value of the user's <c>Upgrade</c> header, set by a proxy that does not forward the header itself.</summary>
    private const string OriginalUpgrade = "X-Original-Upgrade";

    private const string Protocol = "websocket";

    /// <summary>
    /// Returns whether a request is a WebSocket handshake from an origin that may not open one. Clients that send no <c>Origin</c> are not
    /// browsers, and are not checked.
    /// </summary>
    /// <param name="url">The URL of the user's request.</param>
    public bool MustDeny(IHeaderDictionary headers, string url) =>
        headers.Origin.Count > 0 && IsHandshake(headers) && !IsAllowed(headers.Origin, url);

    /// <summary>
    /// Returns whether a request is a WebSocket handshake. Proxies remove some of these headers from the subrequest and keep others; no
    /// page can make a browser leave them out.
    /// </summary>
    private static bool IsHandshake(IHeaderDictionary headers) =>
        Names(headers.Upgrade) || Names(headers[OriginalUpgrade])
        || headers.SecWebSocketKey.Count > 0 || headers.SecWebSocketVersion.Count > 0
        || Names(headers["Sec-Fetch-Mode"])
        // Traefik reports the scheme of the handshake.
        || headers["X-Forwarded-Proto"].Any(value => value?.Contains("ws", StringComparison.OrdinalIgnoreCase) == true);

    private static bool Names(StringValues values)
    {
        foreach (var value in values)
        {
            if (value?.Contains(Protocol, StringComparison.OrdinalIgnoreCase) == true)
                return true;
        }
        return false;
    }

    private bool IsAllowed(StringValues origins, string url) =>
        origins is [var text]
        && WebOrigin.TryParse(text) is { } origin
        && (WebOrigin.Of(identity.BaseUrl) == origin
            || allowed.Contains(origin)
            || (Uri.TryCreate(url, UriKind.Absolute, out var request) && WebOrigin.Of(request) is { } own && origin.IsOriginOf(own)));
}
