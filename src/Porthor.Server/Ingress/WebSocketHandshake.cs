using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Ingress;

/// <summary>Recognizes WebSocket handshakes in authorization subrequests (RFC 6455; deviations 37).</summary>
internal static class WebSocketHandshake
{
    /// <summary>The header with the value of the user's <c>Upgrade</c> header, for proxies that do not forward that header.</summary>
    private const string OriginalUpgrade = "X-Original-Upgrade";

    private const string Protocol = "websocket";

    /// <summary>
    /// Returns the values of <c>Origin</c> if the request of the user is a WebSocket handshake. Returns null for another request, and for a
    /// request without this header, because clients that do not send it are not browsers.
    /// </summary>
    public static IReadOnlyList<string?>? OriginsOf(IHeaderDictionary headers) =>
        headers.Origin.Count > 0 && IsHandshake(headers) ? (IReadOnlyList<string?>)headers.Origin : null;

    /// <summary>
    /// Returns whether a request is a WebSocket handshake. Proxies forward only some of these headers in the subrequest, so each is
    /// checked. Browsers always send them in a handshake, and scripts cannot prevent this.
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
}
