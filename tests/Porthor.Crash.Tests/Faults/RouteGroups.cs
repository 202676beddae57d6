using Porthor.Identity;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Faults;

/// <summary>A kind of request and its requirements.</summary>
/// <param name="Route">The method and the route pattern.</param>
/// <param name="ExpectedStatus">The status without failures.</param>
/// <param name="Needs">The stores without which the request fails.</param>
/// <param name="TimeLimit">The time limit of the response.</param>
/// <param name="UnavailableStatus">The status while a required store is unavailable.</param>
internal sealed record RouteGroup(
    string Route, int ExpectedStatus, Store Needs, TimeSpan TimeLimit, Func<Task<Answer>> SendAsync, int UnavailableStatus = 503)
{
    public override string ToString() => Route;
}

/// <summary>The requests of the tests: one for every route, and several for some routes.</summary>
internal sealed class RouteGroups
{
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan ApiTimeout = TimeSpan.FromSeconds(3);

    private const string Api = "/auth/api/v1";
    private const string OwnTokens = $"{Api}/users/someone/tokens";
    private const string ReturnTo = "https://example.com/somewhere";

    private const string Password = "some password";

    /// <summary>Many users, because login attempts for one name are limited.</summary>
    private static readonly IReadOnlyList<LocalUser> LoginUsers = [.. Enumerable.Range(0, 20).Select(number => new LocalUser(
        $"user-{number}x", new UserData { Groups = [new Group("staff", 3000)] }, PasswordHash.Of(Password, iterations: 1000)))];

    private readonly TestServer server;
    private readonly (string, string) bearer;
    private readonly (string, string) administrator;
    private readonly (string, string) cookie;
    private readonly (string, string) loginState;
    private readonly IReadOnlyList<(string, string)> logoutCookies;
    private readonly TokenKey edited;
    private int number;

    private RouteGroups(TestServer server, Token session, Token administrator, TokenKey edited, IReadOnlyList<Token> sessionsToEnd)
    {
        this.server = server;
        this.edited = edited;
        bearer = TestServer.Bearer(session);
        this.administrator = TestServer.Bearer(administrator);
        cookie = server.Cookie(new SessionState { Token = session, Csrf = "csrf" });
        loginState = server.Cookie(new SessionState { State = "state", ReturnUrl = ReturnTo });
        logoutCookies = [.. sessionsToEnd.Select(token => server.Cookie(new SessionState { Token = token }))];
        All = [.. Subrequests(), .. Tokens(), .. Histories(), .. Users(), .. Logins(), .. Pages(), .. OtherRoutes()];
    }

    public IReadOnlyList<RouteGroup> All { get; }

    /// <summary>
    /// Excludes the readiness route, which reports the stores' state up to one second late, and the assets of the API documentation.
    /// </summary>
    public static bool IsCovered(string route) =>
        route != "GET /health/ready" && !(route.StartsWith("GET /auth/docs/", StringComparison.Ordinal) && route.Contains('.'));

    /// <summary>Configures all features that have routes.</summary>
    public static PorthorSettings Configure(PorthorSettings settings) => settings with
    {
        AnswerTimeout = AnswerTimeout,
        ApiTimeout = ApiTimeout,
        Proxies = [AddressBlock.Parse("127.0.0.1/32")],
        Providers = new ProviderSettings { LocalUsers = LoginUsers },
        GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["staff"] },
    };

    public static async Task<RouteGroups> CreateAsync(TestServer server)
    {
        // More than the requests need, so that each logout finds a session.
        const int sessions = 60;
        var session = await server.Tokens.SessionForAsync("someone", "user:token,read:all");
        var request = new AdminTokenRequest
        {
            Username = "bot-admin",
            TokenType = TokenType.Service,
            Scopes = ScopeSet.Of("admin:token", "admin:userinfo"),
        };
        var administrator = await server.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(TimeProvider.System));
        var edited = await server.Tokens.CreateUserTokenAsync(session, "someone", new UserTokenRequest("edited", ScopeSet.Empty, null));
        List<Token> sessionsToEnd = [];
        while (sessionsToEnd.Count < sessions)
            sessionsToEnd.Add((await server.Tokens.SessionForAsync("logging-out")).Record.Token);
        return new RouteGroups(server, session.Record.Token, administrator, edited.Key, sessionsToEnd);
    }

    private IEnumerable<RouteGroup> Subrequests()
    {
        (string, string)[] subrequest = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), bearer];
        (string, string)[] forwarded = [
            ("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "example.com"), ("X-Forwarded-Uri", "/")];
        yield return new("GET /ingress/auth", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync(
            "/ingress/auth?scope=read:all", subrequest));
        yield return new("GET /ingress/auth, new child", 200, Store.Both, AnswerTimeout, () => server.GetAsync(
            $"/ingress/auth?delegate_to=s{Next()}&delegate_scope=read:all", subrequest));
        yield return new("GET /ingress/forward", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync(
            "/ingress/forward?scope=read:all", [.. forwarded, bearer]));
        yield return new("GET /ingress/anonymous", 200, Store.None, AnswerTimeout, () => server.GetAsync("/ingress/anonymous"));
    }

    private IEnumerable<RouteGroup> Tokens()
    {
        yield return new($"GET {Api}/token-info", 200, Store.Both, ApiTimeout, () => server.GetAsync($"{Api}/token-info", bearer));
        yield return new(
            $"GET {Api}/token-info, no credentials", 401, Store.None, AnswerTimeout, () => server.GetAsync($"{Api}/token-info"));
        yield return new($"POST {Api}/tokens", 201, Store.Both, ApiTimeout, () => server.PostAsync(
            $"{Api}/tokens", new { username = $"bot-{Next()}x", token_type = "service", scopes = (string[])["read:all"] }, administrator));
        yield return new($"GET {Api}/users/{{username}}/tokens", 200, Store.Both, ApiTimeout, () => server.GetAsync(OwnTokens, bearer));
        yield return new($"POST {Api}/users/{{username}}/tokens", 201, Store.Both, ApiTimeout, () => server.PostAsync(
            OwnTokens, new { token_name = $"{Next()}" }, bearer));
        yield return new(
            $"GET {Api}/users/{{username}}/tokens/{{key}}", 200, Store.Both, ApiTimeout, () =>
                server.GetAsync($"{OwnTokens}/{edited}", bearer));
        yield return new($"PATCH {Api}/users/{{username}}/tokens/{{key}}", 200, Store.Both, ApiTimeout, () => server.PatchAsync(
            $"{OwnTokens}/{edited}", new { token_name = $"edited {Next()}" }, administrator));
        yield return new(
            $"DELETE {Api}/users/{{username}}/tokens/{{key}}", 404, Store.Both, ApiTimeout,
            () => server.DeleteAsync($"{OwnTokens}/{UnknownKey}", bearer));
    }

    private IEnumerable<RouteGroup> Histories()
    {
        yield return new($"GET {Api}/history/token-changes", 200, Store.Both, ApiTimeout, () => server.GetAsync(
            $"{Api}/history/token-changes?limit=5", administrator));
        yield return new($"GET {Api}/users/{{username}}/token-change-history", 200, Store.Both, ApiTimeout, () => server.GetAsync(
            $"{Api}/users/someone/token-change-history?limit=5", bearer));
        yield return new($"GET {Api}/users/{{username}}/tokens/{{key}}/change-history", 200, Store.Both, ApiTimeout, () => server.GetAsync(
            $"{OwnTokens}/{edited}/change-history?limit=5", bearer));
        yield return new($"GET {Api}/users/{{username}}/tokens/{{key}}/auth-history", 200, Store.Both, ApiTimeout, () => server.GetAsync(
            $"{OwnTokens}/{edited}/auth-history?limit=5", bearer));
    }

    private IEnumerable<RouteGroup> Users()
    {
        yield return new($"GET {Api}/user-info", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync($"{Api}/user-info", bearer));
        yield return new("GET /auth/gms", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync("/auth/gms", bearer));
        // This deployment has no user directory. The caller must be authenticated before the server answers 404.
        yield return new($"GET {Api}/users", 404, Store.RecordStore, AnswerTimeout, () => server.GetAsync($"{Api}/users", administrator));
        yield return new(
            $"GET {Api}/users/{{username}}", 404, Store.RecordStore, AnswerTimeout,
            () => server.GetAsync($"{Api}/users/someone", administrator));
        yield return new($"GET {Api}/groups", 404, Store.RecordStore, AnswerTimeout, () => server.GetAsync($"{Api}/groups", administrator));
        yield return new(
            $"GET {Api}/quota-overrides", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync($"{Api}/quota-overrides", bearer));
        yield return new($"PUT {Api}/quota-overrides", 200, Store.RecordStore, AnswerTimeout, () => server.PutAsync(
            $"{Api}/quota-overrides", new { @default = new { api = new { } } }, administrator));
        // A deletion would remove the overrides that the requests above read. Therefore the caller lacks the permission, which is checked
        // after authentication.
        yield return new(
            $"DELETE {Api}/quota-overrides", 403, Store.RecordStore, AnswerTimeout,
            () => server.DeleteAsync($"{Api}/quota-overrides", bearer));
    }

    private IEnumerable<RouteGroup> Logins()
    {
        yield return new($"GET {Api}/login", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync($"{Api}/login", cookie));
        yield return new("GET /login", 307, Store.None, AnswerTimeout, () => server.GetAsync($"/login?rd={ReturnTo}"));
        yield return new("GET /auth/login", 200, Store.None, AnswerTimeout, () => server.GetAsync("/auth/login", loginState));
        yield return new("POST /auth/login", 303, Store.Both, ApiTimeout, LogInAsync);
        yield return new("GET /logout", 307, Store.Both, ApiTimeout,
            () => server.GetAsync("/logout", logoutCookies[Next() % logoutCookies.Count]));
    }

    /// <summary>Posts the form of a new login, because a login state can be used only once.</summary>
    private Task<Answer> LogInAsync()
    {
        var index = Next();
        var state = $"state-{index}";
        return server.PostFormAsync(
            "/auth/login",
            [("state", state), ("username", LoginUsers[index % LoginUsers.Count].Username), ("password", Password)],
            server.Cookie(new SessionState { State = state, ReturnUrl = ReturnTo }));
    }

    private IEnumerable<RouteGroup> Pages()
    {
        var admin = server.Cookie(new SessionState { Token = Token.Parse(administrator.Item2["Bearer ".Length..]), Csrf = "csrf" });
        const string tokens = "/auth/tokens";
        yield return new($"GET {tokens}", 200, Store.Both, ApiTimeout, () => server.GetAsync(tokens, cookie));
        yield return new($"GET {tokens}/search", 200, Store.Both, ApiTimeout, () => server.GetAsync(
            $"{tokens}/search?username=someone", admin));
        yield return new($"GET {tokens}/new", 200, Store.RecordStore, AnswerTimeout, () => server.GetAsync($"{tokens}/new", cookie));
        yield return new($"POST {tokens}/new", 201, Store.Both, ApiTimeout, () => server.PostFormAsync(
            $"{tokens}/new", [("csrf", "csrf"), ("name", $"page {Next()}"), ("lifetime", "86400")], cookie));
        yield return new(
            $"GET {tokens}/{{key}}/revoke", 404, Store.Both, ApiTimeout, () => server.GetAsync($"{tokens}/{UnknownKey}/revoke", cookie));
        yield return new($"POST {tokens}/{{key}}/revoke", 404, Store.Both, ApiTimeout, () => server.PostFormAsync(
            $"{tokens}/{UnknownKey}/revoke", [("csrf", "csrf")], cookie));
        yield return new($"GET {tokens}/history", 200, Store.Both, ApiTimeout, () => server.GetAsync($"{tokens}/history", cookie));
        yield return new($"GET {tokens}/history/all", 200, Store.Both, ApiTimeout, () => server.GetAsync($"{tokens}/history/all", admin));
        yield return new("GET /auth/assets/{name}", 200, Store.None, AnswerTimeout, () => server.GetAsync("/auth/assets/porthor.css"));
    }

    private IEnumerable<RouteGroup> OtherRoutes()
    {
        yield return new("GET /", 200, Store.None, AnswerTimeout, () => server.GetAsync("/"));
        yield return new("GET /health", 200, Store.Both, ApiTimeout, () => server.GetAsync("/health"), UnavailableStatus: 500);
        yield return new("GET /health/live", 200, Store.None, AnswerTimeout, () => server.GetAsync("/health/live"));
        yield return new("GET /auth/openapi.json", 200, Store.None, AnswerTimeout, () => server.GetAsync("/auth/openapi.json"));
        yield return new("GET /auth/docs/{documentName?}", 200, Store.None, AnswerTimeout, () => server.GetAsync("/auth/docs/"));
        yield return new("GET /auth/redoc", 307, Store.None, AnswerTimeout, () => server.GetAsync("/auth/redoc"));
    }

    private static string UnknownKey => new('x', TokenKey.Length);

    private int Next() => Interlocked.Increment(ref number);
}
