using System.Text.RegularExpressions;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The API of registered clients (contract/api.md 5.4, oidc-server.md 9, O20).</summary>
public sealed partial class ClientApiTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    private const string Admin = "admin:oidc,user:token";

    /// <summary>OCL-001, OCL-002, OCL-003, OCL-004</summary>
    [Theory, EveryMode]
    public async Task A_client_is_registered_read_changed_and_deleted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var administrator = TestServer.Bearer((await server.LogInAsync("carol", Admin)).Session);
        var answer = await server.PostAsync(
            "/oidc-clients", new { return_uri = "https://app.example.com/cb", description = "An \"app\" é" }, administrator);
        answer.StatusCode.ShouldBe(201, answer.Body);
        var created = answer.Json;
        created.EnumerateObject().Select(member => member.Name).ShouldBe(
            ["return_uri", "description", "client_id", "last_modified_by", "created", "last_modified", "url", "client_secret"]);
        var id = created.GetProperty("client_id").GetString()!;
        ClientId.IsMatch(id).ShouldBeTrue(id);
        Secret.IsMatch(created.GetProperty("client_secret").GetString()!).ShouldBeTrue();
        created.GetProperty("url").GetString().ShouldBe($"http://{server.Host.Url.Authority}/auth/api/v1/oidc-clients/{id}");
        answer.Header("Location").ShouldBe(created.GetProperty("url").GetString());
        created.GetProperty("last_modified_by").GetString().ShouldBe("carol");
        var time = created.GetProperty("created").GetString()!;
        Time.IsMatch(time).ShouldBeTrue(time);
        created.GetProperty("last_modified").GetString().ShouldBe(time);

        var read = await server.GetAsync($"/oidc-clients/{id}", administrator);
        read.ShouldBe(200, answer.Body[..answer.Body.IndexOf(",\"client_secret\"", StringComparison.Ordinal)] + "}");
        var list = (await server.GetAsync("/oidc-clients", administrator)).Json.EnumerateArray().ToList();
        list.Single(client => client.GetProperty("client_id").GetString() == id).GetRawText().ShouldBe(read.Body);
        list.Select(client => client.GetProperty("client_id").GetString()).ShouldBeInOrder(SortDirection.Ascending, StringComparer.Ordinal);

        server.Clock.Advance(TimeSpan.FromMinutes(5));
        var other = TestServer.Bearer((await server.LogInAsync("dave", Admin)).Session);
        answer = await server.PatchAsync(
            $"/oidc-clients/{id}", new { return_uri = "https://new.example.com/", description = "New", notes = "Two\nlines" }, other);
        answer.StatusCode.ShouldBe(200, answer.Body);
        var changed = answer.Json;
        changed.GetProperty("return_uri").GetString().ShouldBe("https://new.example.com/");
        changed.GetProperty("description").GetString().ShouldBe("New");
        changed.GetProperty("notes").GetString().ShouldBe("Two\nlines");
        changed.GetProperty("created").GetString().ShouldBe(time);
        // Deviation 21: the reference keeps the data of the registration.
        changed.GetProperty("last_modified").GetString().ShouldNotBe(time);
        changed.GetProperty("last_modified_by").GetString().ShouldBe("dave");
        changed.TryGetProperty("client_secret", out _).ShouldBeFalse();
        answer = await server.PatchAsync($"/oidc-clients/{id}", new { return_uri = "nonsense", description = "" }, other);
        answer.Json.TryGetProperty("notes", out _).ShouldBeFalse();

        (await server.DeleteAsync($"/oidc-clients/{id}", other)).ShouldBeNoContent();
        (await server.DeleteAsync($"/oidc-clients/{id}", other)).ShouldBeNoContent();
        (await server.GetAsync($"/oidc-clients/{id}", other)).ShouldBeError(404, "not_found", $"Client {id} not found");
        (await server.PatchAsync($"/oidc-clients/{id}", new { return_uri = "", description = "" }, other))
            .ShouldBeError(404, "not_found", $"Client {id} not found");
    }

    /// <summary>OCL-005, OCL-006</summary>
    [Fact]
    public async Task A_browser_needs_the_CSRF_value()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("carol", Admin);
        var body = new { return_uri = "https://app.example.com/cb", description = "x" };
        var answer = await server.PostAsync("/oidc-clients", body, browser.WriteHeaders);
        answer.StatusCode.ShouldBe(201, answer.Body);
        var path = $"/oidc-clients/{answer.Json.GetProperty("client_id").GetString()}";
        foreach (var headers in new[] { [browser.Cookie], new[] { browser.Cookie, ("X-CSRF-Token", "wrong-value-of-the-token") } })
        {
            (await server.PostAsync("/oidc-clients", body, headers)).DetailType.ShouldBe("invalid_csrf");
            (await server.PatchAsync(path, body, headers)).DetailType.ShouldBe("invalid_csrf");
            (await server.DeleteAsync(path, headers)).DetailType.ShouldBe("invalid_csrf");
            (await server.GetAsync(path, headers)).StatusCode.ShouldBe(200);
        }
        (string, string)[] without = [server.Host.Cookie(new Sessions.SessionState { Csrf = "some-value-of-the-csrf" })];
        (await server.GetAsync("/oidc-clients", without)).ShouldBeUnauthenticated();
        (await server.GetAsync(path, without)).ShouldBeUnauthenticated();
        (await server.PostAsync("/oidc-clients", body, without)).ShouldBeUnauthenticated();
        (await server.PatchAsync(path, body, without)).ShouldBeUnauthenticated();
        (await server.DeleteAsync(path, without)).ShouldBeUnauthenticated();
    }

    /// <summary>Each form of a token in the header is accepted, also of the bootstrap token.</summary>
    [Fact]
    public async Task Basic_credentials_are_accepted()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var body = new { return_uri = "https://app.example.com/cb", description = "x" };
        var bootstrap = server.Host.Core.BootstrapToken!.Reveal();
        var carol = (await server.LogInAsync("carol", Admin)).Session.Reveal();
        foreach (var (user, password, name) in new[]
        {
            (carol, "x-oauth-basic", "carol"), ("x-oauth-basic", carol, "carol"), (bootstrap, "", "<bootstrap>"),
            ("x-oauth-basic", bootstrap, "<bootstrap>"),
        })
        {
            var basic = TestServer.Basic(user, password);
            var answer = await server.PostAsync("/oidc-clients", body, basic);
            answer.StatusCode.ShouldBe(201, answer.Body);
            answer.Json.GetProperty("last_modified_by").GetString().ShouldBe(name);
            var path = $"/oidc-clients/{answer.Json.GetProperty("client_id").GetString()}";
            (await server.GetAsync(path, basic)).StatusCode.ShouldBe(200);
            (await server.PatchAsync(path, body, basic)).StatusCode.ShouldBe(200);
            (await server.DeleteAsync(path, basic)).ShouldBeNoContent();
        }
        (await server.GetAsync("/oidc-clients", TestServer.Basic("x", "y"))).StatusCode.ShouldBe(401);
    }

    [Fact]
    public async Task The_URL_of_a_client_is_public()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.PostAsync(
            "/oidc-clients", new { return_uri = "https://app.example.com/cb", description = "x" },
            [server.Bootstrap, .. OpenIdServers.BehindProxy]);
        answer.StatusCode.ShouldBe(201, answer.Body);
        var url = $"https://login.example.com/auth/api/v1/oidc-clients/{answer.Json.GetProperty("client_id").GetString()}";
        answer.Header("Location").ShouldBe(url);
        answer.Json.GetProperty("url").GetString().ShouldBe(url);
        (await server.GetAsync("/oidc-clients", [server.Bootstrap, .. OpenIdServers.BehindProxy])).Json.EnumerateArray()
            .ShouldContain(client => client.GetProperty("url").GetString() == url);
    }

    /// <summary>OCL-007</summary>
    [Fact]
    public async Task The_scope_is_required()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var token = TestServer.Bearer((await server.LogInAsync("eve", "admin:token,user:token")).Session);
        var body = new { return_uri = "https://evil.example/", description = "x" };
        foreach (var answer in new[]
        {
            await server.GetAsync("/oidc-clients", token), await server.GetAsync($"/oidc-clients/{client.Id}", token),
            await server.PostAsync("/oidc-clients", body, token), await server.PatchAsync($"/oidc-clients/{client.Id}", body, token),
            await server.DeleteAsync($"/oidc-clients/{client.Id}", token),
        })
            answer.ShouldBeError(403, "permission_denied", "Token does not have required scope admin:oidc");
        var unchanged = (await server.GetAsync($"/oidc-clients/{client.Id}", server.Bootstrap)).Json;
        unchanged.GetProperty("last_modified_by").GetString().ShouldBe("<bootstrap>");
    }

    /// <summary>The bodies must be complete. Values that no database can store are errors of the request.</summary>
    [Theory]
    [InlineData("{}", "missing")]
    [InlineData("""{"return_uri":"a"}""", "missing")]
    [InlineData("""{"return_uri":1,"description":"b"}""", "string_type")]
    [InlineData("""{"return_uri":"a","description":null}""", "string_type")]
    [InlineData("""{"return_uri":"a","description":"b","notes":["c"]}""", "string_type")]
    [InlineData("""{"return_uri":"a\u0000","description":"b"}""", "value_error")]
    public async Task An_incomplete_body_gives_422(string body, string type)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.PostAsync("/oidc-clients", body, server.Bootstrap);
        answer.StatusCode.ShouldBe(422, answer.Body);
        answer.DetailType.ShouldBe(type);
        (await server.PatchAsync("/oidc-clients/x", body, server.Bootstrap)).StatusCode.ShouldBe(422);
    }

    /// <summary>Clients that the reference registered, or that were migrated: their secrets exist only as bcrypt hashes.</summary>
    [Theory, EveryMode]
    public async Task A_client_of_the_reference_can_log_in(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        // The hash of "a secret of the reference", as Python's bcrypt library writes it.
        var id = $"old client {mode}";
        var hash = BCrypt.Net.BCrypt.HashPassword("a secret of the reference", BCrypt.Net.BCrypt.GenerateSalt(12, 'b'));
        var now = server.Clock.GetUtcNow();
        await server.Host.Core.Sql.OidcClients.AddAsync(
            [new(id, System.Text.Encoding.ASCII.GetBytes(hash), "http://app.example.com/cb", "Migrated", null, now, now, "<internal>")],
            TestContext.Current.CancellationToken);
        // The scheme of the registered address is not compared.
        var client = new RegisteredClient(id, "a secret of the reference", "https://app.example.com/cb");
        var browser = await server.AnnAsync();
        var code = await server.CodeAsync(browser, client);
        (await server.RedeemAsync(FormOf(client, code, ("client_secret", "a secret of the referencf"))))
            .ShouldBeOAuthError("invalid_client", $"Invalid secret for {id}");
        (await server.RedeemAsync(FormOf(client, code))).StatusCode.ShouldBe(200);
        // The secret is known now.
        (await server.RedeemAsync(FormOf(client, await server.CodeAsync(browser, client)))).StatusCode.ShouldBe(200);
        (await server.RedeemAsync(FormOf(client, code, ("client_secret", "wrong"))))
            .ShouldBeOAuthError("invalid_client", $"Invalid secret for {id}");
        var path = $"/oidc-clients/{Uri.EscapeDataString(id)}";
        (await server.GetAsync(path, server.Bootstrap)).Json.GetProperty("client_id").GetString().ShouldBe(id);
        (await server.DeleteAsync(path, server.Bootstrap)).ShouldBeNoContent();
        (await server.GetAsync(path, server.Bootstrap)).StatusCode.ShouldBe(404);
    }

    [GeneratedRegex(@"\A[0-9a-f]{32}\.example\.com\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ClientId { get; }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{43}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Secret { get; }

    [GeneratedRegex(@"\A[0-9-]{10}T[0-9:]{8}(\.[0-9]{6})?Z\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Time { get; }
}
