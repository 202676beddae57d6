using System.Net.Http.Headers;
using Porthor.Server.Tests.OpenIdConnect;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>Recorded responses of every route, successes and errors, match the OpenAPI document.</summary>
public sealed class ResponseSchemaTests
{
    private const string User = "schema-user";
    private const string Missing = "xxxxxxxxxxxxxxxxxxxxxx";
    private const string Tokens = "/auth/api/v1/users/{username}/tokens";
    private const string Token = "/auth/api/v1/users/{username}/tokens/{key}";

    /// <summary>Routes without data in this deployment; only their errors are recorded.</summary>
    private static readonly string[] WithoutSuccess =
    [
        "GET /auth/api/v1/users", "GET /auth/api/v1/users/{username}", "GET /auth/api/v1/groups", "GET /login", "GET /logout",
        "GET /auth/openid/login",
    ];

    [Fact]
    public async Task Responses_match_the_OpenAPI_document()
    {
        await using var server = await ApiServer.StartAsync(
            Mode.Embedded, settings => OpenIdServers.WithProvider(TokenLimitTests.Limited(settings, live: 50, perMinute: 3)));
        var document = (await server.SendAsync(HttpMethod.Get, "/auth/openapi.json")).Json;
        var validator = new SchemaValidator(document);
        HashSet<string> succeeded = [];
        async Task<Answer> RecordAsync(
            string method, string template, string path, object? body, int expected, params (string, string)[] headers)
        {
            var answer = await server.SendAsync(new HttpMethod(method), path, body, headers);
            answer.StatusCode.ShouldBe(expected, $"{method} {path}: {answer.Body}");
            validator.Check(method, template, answer);
            if (expected < 300)
                succeeded.Add($"{method} {template}");
            return answer;
        }

        var browser = await server.LogInAsync(User, "user:token,read:all", TokenBuilders.SomeUser);
        var admin = await server.LogInAsync("schema-admin", "admin:token,user:token");
        var session = await server.Host.Tokens.CallerAsync(browser.Session);
        var child = await server.Host.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all"));

        // Credential errors are the same on all routes.
        foreach (var path in document.GetProperty("paths").EnumerateObject().Where(
            path => path.Name.StartsWith("/auth/", StringComparison.Ordinal)
                && path.Name is not (OpenIdSteps.LoginPath or OpenIdSteps.TokenPath)))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var method = operation.Name.ToUpperInvariant();
                var address = path.Name.Replace("{username}", User, StringComparison.Ordinal).Replace(
                    "{key}", Missing, StringComparison.Ordinal);
                object? body = operation.Value.TryGetProperty("requestBody", out _) ? new { } : null;
                await RecordAsync(method, path.Name, address, body, 401);
                if (path.Name == "/auth/api/v1/login")
                    continue;
                await RecordAsync(method, path.Name, address, body, 401, TestServer.Bearer(Porthor.Tokens.Token.Create()));
                await RecordAsync(method, path.Name, address, body, 403, ("Authorization", "Basic"));
            }
        }

        // Tokens.
        var made = await RecordAsync(
            "POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "one", scopes = (string[])["read:all"], unknown = 1 },
            201, browser.WriteHeaders);
        var key = Porthor.Tokens.Token.Parse(made.Json.GetProperty("token").GetString()!).Key;
        await RecordAsync(
            "POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "two", expires = server.Now + 1000 }, 201,
            browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "two" }, 409, browser.WriteHeaders);
        await RecordAsync(
            "POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "", scopes = 5, expires = "x", unknown = 1 }, 422,
            browser.WriteHeaders);
        await RecordAsync(
            "POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "x", scopes = "no:such" }, 422, browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", "{", 422, browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", "[]", 422, browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", Bytes(0xFF), 400, browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "x" }, 403, browser.Cookie);
        await RecordAsync("POST", Tokens, "/auth/api/v1/users/somebody/tokens", new { token_name = "x" }, 403, browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "three" }, 201, browser.WriteHeaders);
        await RecordAsync("POST", Tokens, $"/auth/api/v1/users/{User}/tokens", new { token_name = "four" }, 429, browser.WriteHeaders);
        await RecordAsync(
            "POST", "/auth/api/v1/tokens", "/auth/api/v1/tokens", new { username = "bot-schema", token_type = "service" }, 201,
            server.Bootstrap);
        await RecordAsync(
            "POST", "/auth/api/v1/tokens", "/auth/api/v1/tokens",
            new { username = "-", token_type = "x", groups = (object[])[new { name = "" }] }, 422, server.Bootstrap);
        await RecordAsync("POST", "/auth/api/v1/tokens", "/auth/api/v1/tokens", new { }, 403, browser.WriteHeaders);
        var one = $"/auth/api/v1/users/{User}/tokens/{key}";
        await RecordAsync("GET", Tokens, $"/auth/api/v1/users/{User}/tokens", null, 200, browser.Cookie);
        await RecordAsync("GET", Tokens, "/auth/api/v1/users/-/tokens", null, 422, browser.Cookie);
        await RecordAsync("GET", Token, one, null, 200, browser.Cookie);
        await RecordAsync("GET", Token, $"/auth/api/v1/users/{User}/tokens/{child.Key}", null, 200, browser.Cookie);
        await RecordAsync("GET", Token, $"/auth/api/v1/users/{User}/tokens/{Missing}", null, 404, browser.Cookie);
        await RecordAsync(
            "PATCH", Token, one, new { token_name = "edited", scopes = (string[])[], expires = server.Now + 1000, unknown = 1 }, 200,
            admin.WriteHeaders);
        await RecordAsync("PATCH", Token, one, new { expires = (object?)null }, 200, admin.WriteHeaders);
        await RecordAsync("PATCH", Token, one, new { expires = true }, 422, admin.WriteHeaders);
        await RecordAsync("PATCH", Token, one, new { }, 403, browser.WriteHeaders);
        await RecordAsync("GET", "/auth/api/v1/token-info", "/auth/api/v1/token-info", null, 200, TestServer.Bearer(child));

        // History.
        foreach (var (template, path) in ((string, string)[])[
            ("/auth/api/v1/history/token-changes", "/auth/api/v1/history/token-changes"),
            ("/auth/api/v1/users/{username}/token-change-history", $"/auth/api/v1/users/{User}/token-change-history"),
            (Token + "/change-history", one + "/change-history"), (Token + "/auth-history", one + "/auth-history")])
        {
            await RecordAsync("GET", template, path, null, 200, admin.Cookie);
            await RecordAsync("GET", template, path + "?limit=1", null, 200, admin.Cookie);
            if (!path.EndsWith("/change-history", StringComparison.Ordinal))
                await RecordAsync("GET", template, path + "?limit=x&since=y&cursor=z", null, 422, admin.Cookie);
        }
        await RecordAsync(
            "GET", Token + "/change-history", $"/auth/api/v1/users/{User}/tokens/{Missing}/change-history", null, 404, browser.Cookie);
        await RecordAsync("DELETE", Token, one, null, 204, browser.WriteHeaders);
        await RecordAsync("DELETE", Token, one, null, 404, browser.WriteHeaders);

        // OpenID Connect.
        const string clients = "/auth/api/v1/oidc-clients";
        var data = new { return_uri = OpenIdSteps.App, description = "x", notes = "y" };
        await RecordAsync("POST", clients, clients, new { }, 422, server.Bootstrap);
        await RecordAsync("GET", clients, clients, null, 403, admin.Cookie);
        var registered = (await RecordAsync("POST", clients, clients, data, 201, server.Bootstrap)).Json;
        var client = new RegisteredClient(
            registered.GetProperty("client_id").GetString()!, registered.GetProperty("client_secret").GetString()!, OpenIdSteps.App);
        await RecordAsync("GET", clients, clients, null, 200, server.Bootstrap);
        const string oneClient = clients + "/{client_id}";
        await RecordAsync("GET", oneClient, $"{clients}/{client.Id}", null, 200, server.Bootstrap);
        await RecordAsync("GET", oneClient, $"{clients}/unknown", null, 404, server.Bootstrap);
        await RecordAsync("PATCH", oneClient, $"{clients}/{client.Id}", data, 200, server.Bootstrap);
        await RecordAsync("GET", OpenIdSteps.LoginPath, OpenIdSteps.LoginPath, null, 422, browser.Cookie);
        await RecordAsync(
            "GET", OpenIdSteps.LoginPath, OpenIdSteps.LoginPath + "?client_id=unknown&redirect_uri=x", null, 403, browser.Cookie);
        using var form = new FormUrlEncodedContent(
            OpenIdSteps.FormOf(client, await server.CodeAsync(browser, client)).Select(pair => KeyValuePair.Create(pair.Name, pair.Value)));
        await RecordAsync("POST", OpenIdSteps.TokenPath, OpenIdSteps.TokenPath, new { }, 400);
        var issued = await RecordAsync("POST", OpenIdSteps.TokenPath, OpenIdSteps.TokenPath, form, 200);
        var access = Porthor.Tokens.Token.Parse(issued.Json.GetProperty("access_token").GetString()!);
        await RecordAsync("GET", OpenIdSteps.UserInfoPath, OpenIdSteps.UserInfoPath, null, 200, TestServer.Bearer(access));
        await RecordAsync("DELETE", oneClient, $"{clients}/{client.Id}", null, 204, server.Bootstrap);
        foreach (var path in (string[])["/.well-known/openid-configuration", "/.well-known/jwks.json"])
            await RecordAsync("GET", path, path, null, 200);

        // Users, quotas, and other routes.
        await RecordAsync("GET", "/auth/api/v1/login", "/auth/api/v1/login", null, 200, browser.Cookie);
        await RecordAsync("GET", "/auth/api/v1/user-info", "/auth/api/v1/user-info", null, 200, browser.Cookie);
        await RecordAsync("GET", "/auth/gms", "/auth/gms", null, 200, browser.Cookie);
        foreach (var (template, path) in ((string, string)[])[
            ("/auth/api/v1/users", "/auth/api/v1/users"), ("/auth/api/v1/users/{username}", $"/auth/api/v1/users/{User}"),
            ("/auth/api/v1/groups", "/auth/api/v1/groups")])
            await RecordAsync("GET", template, path, null, 404, admin.Cookie);
        const string quotas = "/auth/api/v1/quota-overrides";
        await RecordAsync("GET", quotas, quotas, null, 404, browser.Cookie);
        await RecordAsync("DELETE", quotas, quotas, null, 404, admin.WriteHeaders);
        await RecordAsync("PUT", quotas, quotas,
            new
            {
                @default = new
                {
                    api = new { tap = 1 },
                    notebook = new { cpu = 1, memory = 2 },
                    tap = new { qserv = new { concurrent = 3 } }
                },
                bypass = (string[])["staff"]
            }, 200, admin.WriteHeaders);
        await RecordAsync("PUT", quotas, quotas, new { wrong = 1 }, 422, admin.WriteHeaders);
        await RecordAsync("GET", quotas, quotas, null, 200, browser.Cookie);
        await RecordAsync("GET", "/auth/api/v1/user-info", "/auth/api/v1/user-info", null, 200, browser.Cookie);
        await RecordAsync("DELETE", quotas, quotas, null, 204, admin.WriteHeaders);
        foreach (var path in (string[])["/", "/health", "/health/live", "/health/ready"])
            await RecordAsync("GET", path, path, null, 200);

        var all = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        all.Except(succeeded).ShouldBe(WithoutSuccess, ignoreOrder: true);
    }

    private static ByteArrayContent Bytes(params byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        return content;
    }
}
