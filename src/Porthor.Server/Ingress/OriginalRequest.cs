using Porthor.Ingress;

namespace Porthor.Server.Ingress;

/// <summary>Represents the user's request as a proxy describes it, with the parameters of the rule for reading credentials.</summary>
/// <param name="AllowCookies">True if a token in the session cookie is accepted.</param>
/// <param name="ChallengeType">The type of the challenge in a response to a request without credentials.</param>
/// <param name="Url">The URL; empty if the proxy sends none, in which case the rule is invalid.</param>
/// <param name="Method">The method.</param>
/// <param name="IsAjax">True if a script sent the request.</param>
internal readonly record struct OriginalRequest(bool AllowCookies, ChallengeType ChallengeType, string Url, string Method, bool IsAjax)
{
    /// <summary>Gets whether this is an OPTIONS request, which has no credentials.</summary>
    public bool IsOptions => Method == HttpMethods.Options;
}

/// <summary>
/// Represents the URL and the method of the user's request as a proxy sends them, with one character for each byte. Each is null if its
/// header is missing.
/// </summary>
internal readonly record struct OriginalTarget(string? Url, string? Method)
{
    private const string UrlHeader = "X-Original-URL";
    private const string MethodHeader = "X-Original-Method";

    /// <summary>Reads the headers that NGINX sends. If a header has several values, the last one is used.</summary>
    public static OriginalTarget Of(IHeaderDictionary headers) => new(Last(headers[UrlHeader]), Last(headers[MethodHeader]));

    private static string? Last(Microsoft.Extensions.Primitives.StringValues values) => values is [.., { } last] ? last : null;
}
