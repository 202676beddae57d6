using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Porthor.Server.Http;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>The OpenAPI document matches the API: every route is described, and responses have exactly the described fields.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task Every_route_is_described_with_its_security_requirements()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var document = (await server.GetAsync("/auth/openapi.json")).Json;
        document.GetProperty("openapi").GetString()!.ShouldStartWith("3.1");
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"))
            .ToHashSet();

        var routes = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/auth/api/", StringComparison.Ordinal))
            .ToList();
        routes.Count.ShouldBeGreaterThan(10);
        foreach (var route in routes)
        {
            route.Metadata.GetMetadata<AccessPolicy>().ShouldNotBeNull($"{route.DisplayName} has an access policy");
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
                described.ShouldContain($"{method} {route.RoutePattern.RawText}");
        }
    }

    [Fact]
    public async Task Every_operation_has_a_summary_a_description_and_descriptions_of_its_fields()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var document = (await server.GetAsync("/auth/openapi.json")).Json;
        foreach (var operation in document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()))
        {
            operation.Value.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty();
            operation.Value.GetProperty("description").GetString().ShouldNotBeNullOrEmpty();
        }
        foreach (var schema in document.GetProperty("components").GetProperty("schemas").EnumerateObject())
            schema.Value.TryGetProperty("description", out _).ShouldBeTrue(schema.Name);
        // Examples exist for values that a new user could not guess.
        document.GetRawText().ShouldContain("gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw");
    }

    [Fact]
    public async Task Responses_have_the_described_fields()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        var document = (await server.GetAsync("/auth/openapi.json")).Json;
        var session = await server.Tokens.SessionForAsync("some-user", "user:token,read:all");
        var token = session.Record.Token;
        var child = await server.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all"));
        var cookie = server.Cookie(new Sessions.SessionState { Token = token, Csrf = "c" });

        var created = await server.PostAsync(
            "/auth/api/v1/users/some-user/tokens", new { token_name = "created", scopes = (string[])["read:all"] },
            TestServer.Bearer(token));
        ShouldConform(document, "post", "/auth/api/v1/users/{username}/tokens", created);
        var key = Token.Parse(created.Json.GetProperty("token").GetString()!).Key;
        var path = $"/auth/api/v1/users/some-user/tokens/{key}";
        ShouldConform(document, "get", "/auth/api/v1/users/{username}/tokens/{key}", await server.GetAsync(path, TestServer.Bearer(token)));
        ShouldConform(
            document,
            "patch",
            "/auth/api/v1/users/{username}/tokens/{key}",
            await server.PatchAsync(path, new
            {
                token_name = "edited",
                scopes = (string[])[],
                expires = DateTimeOffset.UtcNow.AddDays(1)
                .ToUnixTimeSeconds()
            }, TestServer.Bearer(await AdministratorAsync(server))));
        ShouldConform(document, "get", "/auth/api/v1/users/{username}/tokens", await server.GetAsync(
            "/auth/api/v1/users/some-user/tokens", TestServer.Bearer(token)));
        ShouldConform(document, "get", "/auth/api/v1/token-info",
            await server.GetAsync("/auth/api/v1/token-info", TestServer.Bearer(child)));
        ShouldConform(document, "get", "/auth/api/v1/history/token-changes", await server.GetAsync(
            "/auth/api/v1/history/token-changes", server.Bootstrap));
        ShouldConform(document, "get", "/auth/api/v1/login", await server.GetAsync("/auth/api/v1/login", cookie));
        ShouldConform(document, "get", "/auth/api/v1/user-info", await server.GetAsync("/auth/api/v1/user-info", TestServer.Bearer(token)));
        var overrides = new
        {
            @default = new
            {
                api = new { tap = 1 },
                notebook = new { cpu = 1, memory = 2 },
                tap = new { qserv = new { concurrent = 3 } }
            },
            bypass = (string[])["staff"]
        };
        ShouldConform(document, "put", "/auth/api/v1/quota-overrides", await server.PutAsync(
            "/auth/api/v1/quota-overrides", overrides, server.Bootstrap));
        ShouldConform(document, "get", "/auth/api/v1/quota-overrides", await server.GetAsync(
            "/auth/api/v1/quota-overrides", TestServer.Bearer(token)));
        ShouldConform(document, "get", "/", await server.GetAsync("/"));
        ShouldConform(document, "get", "/health", await server.GetAsync("/health"));
        ShouldConform(document, "get", "/auth/api/v1/users/{username}/tokens/{key}", await server.GetAsync(
            path.Replace($"{key}", new string('x', 22), StringComparison.Ordinal), TestServer.Bearer(token)));
    }

    [Fact]
    public async Task The_documentation_page_loads_only_Porthors_own_files()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        (await server.GetAsync("/auth/docs")).StatusCode.ShouldBe(302);
        var page = await server.GetAsync("/auth/docs/");
        page.StatusCode.ShouldBe(200);
        page.Body.ShouldContain("Porthor API");
        page.Body.ShouldNotContain("://");
        page.Header("Content-Security-Policy")!.ShouldStartWith("default-src 'none'; script-src 'self' 'nonce-");
        var old = await server.GetAsync("/auth/redoc");
        old.StatusCode.ShouldBe(307);
        old.Header("Location").ShouldBe("/auth/docs");
    }

    private static async Task<Token> AdministratorAsync(TestServer server) => await server.Tokens.CreateTokenFromAdminRequestAsync(
        new AdminTokenRequest { Username = "bot-admin", TokenType = TokenType.Service, Scopes = ScopeSet.Of("admin:token") },
        TokenBuilders.Administrator(TimeProvider.System));

    private static void ShouldConform(JsonElement document, string method, string path, Answer answer) =>
        new SchemaValidator(document).Check(method, path, answer);
}
