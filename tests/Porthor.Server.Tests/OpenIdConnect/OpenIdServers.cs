using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The servers of a test class, with the OpenID Connect provider.</summary>
public sealed class OpenIdServers : ApiServers
{
    public const string Issuer = "https://example.com/";
    public const string KeyId = "some-kid";

    /// <summary>One key for all tests, because its generation takes long.</summary>
    internal static RSA Key { get; } = RSA.Create(2048);

    /// <summary>The headers of a proxy that clients reach at <c>https://login.example.com</c>.</summary>
    internal static (string, string)[] BehindProxy { get; } =
        [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"), ("Host", "login.example.com")];

    internal static OidcServerSettings Provider { get; } = new()
    {
        ClientSuffix = ".example.com",
        Issuer = new Uri(Issuer),
        Key = new Secret(Key.ExportPkcs8PrivateKeyPem()),
        KeyId = KeyId,
        DataRightsMapping = new Dictionary<string, IReadOnlyList<string>> { ["admin"] = ["dp0.1"], ["foo"] = ["dp0.3", "dp0.2"] },
    };

    internal static PorthorSettings WithProvider(PorthorSettings settings) => settings with { OidcServer = Provider };

    internal override PorthorSettings Configure(PorthorSettings settings) => WithProvider(settings);
}

/// <summary>A registered client.</summary>
internal sealed record RegisteredClient(string Id, string Secret, string ReturnUri);

/// <summary>The steps of a login with OpenID Connect.</summary>
internal static class OpenIdSteps
{
    public const string LoginPath = "/auth/openid/login";
    public const string TokenPath = "/auth/openid/token";
    public const string UserInfoPath = "/auth/openid/userinfo";
    public const string App = "https://app.example.com/callback";

    public static readonly UserData Ann = new()
    {
        Name = "Ann Example",
        Email = "ann@example.com",
        Uid = 4001,
        Gid = 4002,
        Groups = [new Group("foo", 5001), new Group("users", 5002)],
    };

    public static async Task<RegisteredClient> RegisterAsync(this ApiServer server, string returnUri = App)
    {
        var answer = await server.PostAsync(
            "/oidc-clients", new { return_uri = returnUri, description = "An application" }, server.Bootstrap);
        answer.StatusCode.ShouldBe(201, answer.Body);
        var secret = answer.Json.GetProperty("client_secret").GetString()!;
        return new RegisteredClient(answer.Json.GetProperty("client_id").GetString()!, secret, returnUri);
    }

    public static Task<Browser> AnnAsync(this ApiServer server, UserData? user = null) =>
        server.LogInAsync("ann", "user:token", user ?? Ann);

    /// <summary>Sends an authorization request.</summary>
    public static Task<Answer> AuthorizeAsync(this ApiServer server, Browser? browser, params (string Name, string Value)[] parameters) =>
        server.SendAsync(HttpMethod.Get, LoginPath + Query(parameters), json: null, browser is null ? [] : [browser.Cookie]);

    /// <summary>Returns the parameters of a valid authorization request. Later parameters replace earlier ones.</summary>
    public static (string Name, string Value)[] RequestOf(RegisteredClient client, params (string Name, string Value)[] changes) =>
        [("response_type", "code"), ("scope", "openid"), ("client_id", client.Id), ("redirect_uri", client.ReturnUri), .. changes];

    /// <summary>Sends a valid authorization request, and returns the code.</summary>
    public static async Task<string> CodeAsync(
        this ApiServer server, Browser browser, RegisteredClient client, params (string Name, string Value)[] changes)
    {
        var answer = await server.AuthorizeAsync(browser, RequestOf(client, changes));
        answer.StatusCode.ShouldBe(307, answer.Body);
        return QueryOf(answer).Single(pair => pair.Name == "code").Value;
    }

    /// <summary>Returns the form of a valid request for tokens. A value of null omits the field.</summary>
    public static (string Name, string Value)[] FormOf(RegisteredClient client, string code, params (string Name, string? Value)[] changes)
    {
        Dictionary<string, string?> form = new(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = client.Id,
            ["client_secret"] = client.Secret,
            ["code"] = code,
            ["redirect_uri"] = client.ReturnUri,
        };
        foreach (var (name, value) in changes)
            form[name] = value;
        return [.. form.Where(pair => pair.Value is not null).Select(pair => (pair.Key, pair.Value!))];
    }

    public static Task<Answer> RedeemAsync(
        this ApiServer server, IEnumerable<(string Name, string Value)> form, params (string, string)[] headers) =>
        server.Host.PostFormAsync(TokenPath, form, headers);

    public static Task<Answer> UserInfoAsync(this ApiServer server, params (string, string)[] headers) =>
        server.SendAsync(HttpMethod.Get, UserInfoPath, json: null, headers);

    /// <summary>Returns the query parameters of the address to which a response redirects, in their order.</summary>
    public static IReadOnlyList<(string Name, string Value)> QueryOf(Answer answer)
    {
        List<(string, string)> parameters = [];
        foreach (var pair in new QueryStringEnumerable(new Uri(answer.Header("Location")!).Query))
            parameters.Add((pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        return parameters;
    }

    /// <summary>Verifies the signature of an ID token with the public key alone, and returns its header and claims.</summary>
    public static (JsonElement Header, JsonElement Claims) Verified(string token)
    {
        var parts = token.Split('.');
        parts.Length.ShouldBe(3);
        OpenIdServers.Key.VerifyData(
            System.Text.Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), WebEncoders.Base64UrlDecode(parts[2]), HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1).ShouldBeTrue();
        return (Json(parts[0]), Json(parts[1]));

        static JsonElement Json(string part) => JsonDocument.Parse(WebEncoders.Base64UrlDecode(part)).RootElement;
    }

    public static void ShouldBeOAuthError(this Answer answer, string error, string description, int status = 400)
    {
        answer.ShouldBe(status, $$"""{"error":"{{error}}","error_description":{{AnswerAssertions.Quoted(description)}}}""");
        answer.Headers.Keys.ShouldNotContain("WWW-Authenticate");
    }

    private static string Query((string Name, string Value)[] parameters) => parameters.Length == 0
        ? ""
        : "?" + string.Join('&', parameters.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
}
