using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// The user's request as Caddy, HAProxy and Traefik tell it: in <c>X-Forwarded-Method</c>, <c>-Proto</c>, <c>-Host</c> and
/// <c>-Uri</c>. Clients can send these too. So only a peer that is one of the configured proxies is believed, and only where
/// it says each thing once: of two values, one is the client's.
/// </summary>
internal sealed record ForwardQuestion(string Method, string Url)
{
    private const string MethodHeader = "X-Forwarded-Method";
    private const string ProtoHeader = "X-Forwarded-Proto";
    private const string HostHeader = "X-Forwarded-Host";

    /// <summary>The path and query of the user's request. NGINX does not send it.</summary>
    public const string UriHeader = "X-Forwarded-Uri";

    /// <summary>Did somebody who is no proxy of ours say what a proxy would?</summary>
    public static bool IsUntrusted(HttpContext context, IReadOnlyList<AddressBlock> proxies) =>
        !IsTrusted(context, proxies) && context.Request.Headers.ContainsKey(MethodHeader);

    /// <exception cref="ProblemException">The peer is not trusted, or did not say all of it: 422.</exception>
    public static ForwardQuestion Read(HttpContext context, IReadOnlyList<AddressBlock> proxies)
    {
        var trusted = IsTrusted(context, proxies);
        var errors = new ValidationErrors();
        var method = Read(IsMethod, MethodHeader);
        var host = Read(IsHost, HostHeader);
        var uri = Read(text => text.StartsWith('/'), UriHeader);
        errors.ThrowIfAny();
        return new ForwardQuestion(method!, $"{Scheme(context)}://{host}{uri}");

        string? Read(Predicate<string> isSound, string name)
        {
            var values = context.Request.Headers[name];
            var where = new Location("header", name.ToLowerInvariant());
            if (!trusted || values.Count == 0)
                errors.Add("missing", where, "Field required", input: null);
            else if (values is [{ } text] && isSound(text))
                return text;
            else
                errors.Add("value_error", where, "Value error, not one sound value", values.ToString());
            return null;
        }
    }

    private static bool IsTrusted(HttpContext context, IReadOnlyList<AddressBlock> proxies) =>
        ForwardedClient.PeerOf(context) is { } peer && proxies.Any(proxy => proxy.Contains(peer));

    private static bool IsMethod(string text) => text.Length > 0 && !text.Any(c => c == ',' || char.IsWhiteSpace(c));

    /// <summary>A host and perhaps a port, and nothing that would move what follows into another part of the address.</summary>
    private static bool IsHost(string text) =>
        Uri.TryCreate($"http://{text}/", UriKind.Absolute, out var url)
        && url is { UserInfo: "", PathAndQuery: "/", Fragment: "" }
        && text.IndexOfAny(['/', '\\', '?', '#', '@', ',', ' ']) < 0;

    /// <summary>Of a list, as it stands behind several proxies, the entry at the client's place.</summary>
    private static string Scheme(HttpContext context) =>
        context.Request.Headers[ProtoHeader] is ["http" or "https"] and [{ } scheme] ? scheme : ForwardedClient.Of(context).Scheme;
}
