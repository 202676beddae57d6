using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// The user's request as Caddy, HAProxy and Traefik report it: in <c>X-Forwarded-Method</c>, <c>-Proto</c>, <c>-Host</c> and
/// <c>-Uri</c>. Clients can send these headers, too. Therefore they are accepted only from a trusted proxy, and only if each is sent once:
/// one of two values comes from the client.
/// </summary>
/// <param name="Url">The URL, with one character per byte as in the header.</param>
internal sealed record ForwardAuthRequest(string Method, string Url)
{
    private const string MethodHeader = "X-Forwarded-Method";
    private const string ProtoHeader = "X-Forwarded-Proto";
    private const string HostHeader = "X-Forwarded-Host";

    /// <summary>The path and query of the user's request. NGINX does not send it.</summary>
    public const string UriHeader = "X-Forwarded-Uri";

    /// <summary>Reads the headers. Returns null, with the errors, if the peer is not trusted or a header is missing or wrong.</summary>
    public static ForwardAuthRequest? TryRead(HttpContext context, TrustedProxies proxies, out ValidationErrors errors)
    {
        var trusted = proxies.IsTrustedPeer(context);
        var found = new ValidationErrors();
        var method = Read(IsMethod, MethodHeader);
        var host = Read(IsHost, HostHeader);
        var uri = Read(text => text.StartsWith('/'), UriHeader);
        errors = found;
        return found.Any ? null : new ForwardAuthRequest(method!, $"{Scheme(context)}://{host}{uri}");

        string? Read(Predicate<string> isSound, string name)
        {
            var values = context.Request.Headers[name];
            var where = new Location("header", name.ToLowerInvariant());
            if (!trusted || values.Count == 0)
                found.Add("missing", where, "Field required", input: null);
            else if (values is [{ } text] && isSound(text))
                return text;
            else
                found.Add("value_error", where, "Value error, not one sound value", HeaderText.Decode(values.ToString()));
            return null;
        }
    }

    private static bool IsMethod(string text) => text.Length > 0 && !text.Any(c => c == ',' || char.IsWhiteSpace(c));

    /// <summary>A host and perhaps a port, and nothing that would move what follows into another part of the address.</summary>
    private static bool IsHost(string text) =>
        Uri.TryCreate($"http://{HeaderText.Decode(text)}/", UriKind.Absolute, out var url)
        && url is { UserInfo: "", PathAndQuery: "/", Fragment: "" }
        && text.IndexOfAny(['/', '\\', '?', '#', '@', ',', ' ']) < 0;

    /// <summary>Of a list, as it stands behind several proxies, the entry at the client's place.</summary>
    private static string Scheme(HttpContext context) =>
        context.Request.Headers[ProtoHeader] is [{ } only] && ForwardedClient.SchemeOf(only) is { } scheme
            ? scheme
            : ForwardedClient.Of(context).Scheme;
}
