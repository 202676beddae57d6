using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// Represents the user's request as Caddy, HAProxy and Traefik report it: in <c>X-Forwarded-Method</c>, <c>-Proto</c>, <c>-Host</c> and
/// <c>-Uri</c>. Clients can send these headers too. Therefore they are accepted only from a trusted proxy, and each must have exactly one
/// value: with two values, one could come from the client.
/// </summary>
/// <param name="Method">The method.</param>
/// <param name="Url">The URL, with one character for each byte of the header.</param>
internal sealed record ForwardAuthRequest(string Method, string Url)
{
    private const string MethodHeader = "X-Forwarded-Method";
    private const string ProtoHeader = "X-Forwarded-Proto";
    private const string HostHeader = "X-Forwarded-Host";

    /// <summary>The name of the header with the path and query of the user's request. NGINX does not send it.</summary>
    public const string UriHeader = "X-Forwarded-Uri";

    /// <summary>Reads the headers. Returns null and the errors if the peer is not trusted, or a header is missing or invalid.</summary>
    public static ForwardAuthRequest? TryRead(HttpContext context, TrustedProxies proxies, out ValidationErrors errors)
    {
        var trusted = proxies.IsTrustedPeer(context);
        var found = new ValidationErrors();
        var method = Read(IsMethod, MethodHeader);
        var host = Read(IsHost, HostHeader);
        var uri = Read(text => text.StartsWith('/'), UriHeader);
        errors = found;
        return found.Any ? null : new ForwardAuthRequest(method!, $"{Scheme(context)}://{host}{uri}");

        string? Read(Predicate<string> isValid, string name)
        {
            var values = context.Request.Headers[name];
            var where = new Location("header", name.ToLowerInvariant());
            if (!trusted || values.Count == 0)
                found.Add("missing", where, "Field required", input: null);
            else if (values is [{ } text] && isValid(text))
                return text;
            else
                found.Add("value_error", where, "Value error, expected exactly one valid value", HeaderText.Decode(values.ToString()));
            return null;
        }
    }

    private static bool IsMethod(string text) => text.Length > 0 && !text.Any(c => c == ',' || char.IsWhiteSpace(c));

    /// <summary>
    /// Returns whether a text is a host with an optional port. Characters that would end the host part of a URL are not allowed.
    /// </summary>
    private static bool IsHost(string text) =>
        Uri.TryCreate($"http://{HeaderText.Decode(text)}/", UriKind.Absolute, out var url)
        && url is { UserInfo: "", PathAndQuery: "/", Fragment: "" }
        && text.IndexOfAny(['/', '\\', '?', '#', '@', ',', ' ']) < 0;

    /// <summary>Returns the scheme. If several proxies wrote a list, returns the entry of the proxy next to the client.</summary>
    private static string Scheme(HttpContext context) =>
        context.Request.Headers[ProtoHeader] is [{ } only] && ForwardedClient.SchemeOf(only) is { } scheme
            ? scheme
            : ForwardedClient.Of(context).Scheme;
}
