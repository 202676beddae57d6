using Porthor.Ingress;

namespace Porthor.Server.Ingress;

/// <summary>The user's request as a proxy describes it, with the parameters of the rule that say how credentials are read.</summary>
/// <param name="AllowCookies">True if a token in the session cookie is accepted.</param>
/// <param name="ChallengeType">How the user is asked for credentials.</param>
/// <param name="Url">The URL; empty, and the rule invalid, if the proxy sends none.</param>
/// <param name="Method">The method.</param>
/// <param name="IsAjax">True if a script sent the request.</param>
internal readonly record struct OriginalRequest(bool AllowCookies, ChallengeType ChallengeType, string Url, string Method, bool IsAjax)
{
    /// <summary>True for OPTIONS requests, which have no credentials.</summary>
    public bool IsOptions => Method == HttpMethods.Options;
}

/// <summary>The URL and the method of the user's request as a proxy sends them, with one character per byte; null without the header.</summary>
internal readonly record struct OriginalTarget(string? Url, string? Method)
{
    private const string UrlHeader = "X-Original-URL";
    private const string MethodHeader = "X-Original-Method";

    /// <summary>Reads the headers that NGINX sends. If one is sent more than once, the last value is used.</summary>
    public static OriginalTarget Of(IHeaderDictionary headers) => new(Last(headers[UrlHeader]), Last(headers[MethodHeader]));

    private static string? Last(Microsoft.Extensions.Primitives.StringValues values) => values is [.., { } last] ? last : null;
}
