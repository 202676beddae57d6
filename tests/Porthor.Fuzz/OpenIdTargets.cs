using System.Text;
using Microsoft.AspNetCore.Http;
using Porthor.OpenIdConnect;
using Porthor.Server.Http;
using Porthor.Server.OpenIdConnect;
using Porthor.Storage;
using static Porthor.Fuzz.FuzzException;

namespace Porthor.Fuzz;

/// <summary>Parsers of the OpenID Connect provider: requests of browsers and clients, redirect URIs, and stored codes.</summary>
internal static class OpenIdTargets
{
    private const string Registered = "https://app.example.com:8443/callback";
    private const string SomeCode = "gc-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    private static readonly OidcClient Client = new("client", [], Registered, "", Notes: null, Now, Now, "someone");

    private static readonly string[] UriWords =
        [Registered, "https://", "//", "/", ":", "@", "[", "]", "[::1]", "?", "#", ";", "\\", "%2F", "%40", "\t", "\n", "evil.example"];

    public static readonly FuzzTarget[] All =
    [
        FuzzTarget.OfText(
            "authorize",
            [.. UriWords, "client_id=", "client", "redirect_uri=", "response_type=", "code", "scope=", "openid", "state=", "nonce=", "&",
                "%", "+", "%00", "%ff"],
            CheckRequest),
        FuzzTarget.OfText(
            "token-form",
            ["grant_type=", "authorization_code", "client_id=", "client_secret=", "redirect_uri=", "code=", SomeCode, "&", "=", "%", "+",
                "%00", "|", "Basic ", "Y2xpZW50OnNlY3JldA==", ":"],
            CheckForm),
        FuzzTarget.OfText("redirect", [.. UriWords, "|"], CheckRedirect),
        new(
            "code",
            ["{", "}", "[", "]", ":", ",", "\"", "null", "1e999", "\\ud800", "\\u0000", "9223372036854775808", "\"code\":", "\"token\":",
                "\"key\":", "\"secret\":", "\"client_id\":", "\"redirect_uri\":", "\"created_at\":", "\"scopes\":", "\"nonce\":",
                "\"openid\""],
            CheckCode),
    ];

    /// <summary>A browser is sent only to the registered address, for every request.</summary>
    private static void CheckRequest(string text)
    {
        var context = new DefaultHttpContext { Request = { QueryString = new QueryString("?" + text) } };
        AuthorizationRequest request;
        try
        {
            request = AuthorizationEndpoint.Read(new QueryParameters(context.Request));
        }
        catch (ProblemException)
        {
            return; // A required parameter is missing.
        }
        if (AuthorizationChecks.Find(request, request.ClientId == Client.ClientId ? Client : null) is { Parameter: not null })
            return;
        var target = RedirectUri.Parse(request.RedirectUri);
        RequireRegistered(target.With(request.State is null ? [] : [new("state", request.State)]));
    }

    /// <summary>The part before the first bar is the header with the credentials, and the rest is the form.</summary>
    private static void CheckForm(string text)
    {
        var parts = text.Split('|', 2);
        var context = new DefaultHttpContext();
        if (parts.Length > 1)
            context.Request.Headers.Authorization = parts[0];
        context.Request.ContentType = "application/x-www-form-urlencoded";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(parts[^1]));
        TokenRequest request;
        try
        {
            // The body is in memory, so the task is already completed.
            request = TokenForm.ReadAsync(context.Request, CancellationToken.None).GetAwaiter().GetResult().Request;
        }
        catch (ProblemException)
        {
            return; // The Basic credentials are malformed.
        }
        Require(
            request is not ({ GrantType: "" } or { ClientId: "" } or { RedirectUri: "" }), "an empty parameter counts as missing");
        if (request.Code is { } secret && AuthorizationCode.TryParse(secret.Reveal(), out var code, out _) && code.Halves is not null)
        {
            Require(code.Reveal() == secret.Reveal(), "a code reveals the text that was parsed");
            Require(code.ToString() == $"gc-{code.Key}.***", "a code prints without its secret");
        }
    }

    /// <summary>The part before the first bar is the registered address, and the rest is the address of a request.</summary>
    private static void CheckRedirect(string text)
    {
        var parts = text.Split('|', 2);
        var given = RedirectUri.Parse(parts[^1]);
        _ = given.Matches(RedirectUri.Parse(parts[0]));
        if (!given.Matches(RedirectUri.Parse(Registered)))
            return;
        var address = given.With([new("code", SomeCode)]);
        RequireRegistered(address);
        Require(RedirectUri.Parse(address).Matches(RedirectUri.Parse(Registered)), "an address with a code still matches");
    }

    private static void RequireRegistered(string address)
    {
        var sent = Redirection.Encode(address);
        Require(
            sent.StartsWith(Registered, StringComparison.Ordinal)
                && (sent.Length == Registered.Length || sent[Registered.Length] is '?' or '#'),
            "the browser is sent only to the registered address");
        var url = new Uri(sent);
        Require(
            url is { Scheme: "https", Host: "app.example.com", Port: 8443, AbsolutePath: "/callback", UserInfo: "" },
            "the parser of URLs finds the registered address");
    }

    private static void CheckCode(byte[] json)
    {
        StoredAuthorization authorization;
        try
        {
            authorization = AuthorizationJson.Read(json, Now);
        }
        catch (FormatException)
        {
            return;
        }
        var written = AuthorizationJson.Write(authorization);
        Require(
            AuthorizationJson.Write(AuthorizationJson.Read(written, Now)).AsSpan().SequenceEqual(written),
            "reading a written code returns the same code");
        Require(authorization.Scopes.All(scope => OpenIdScopes.Known.Contains(scope)), "a code has only known scopes");
    }
}
