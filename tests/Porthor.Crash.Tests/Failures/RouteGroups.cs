using Porthor.Identity;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Failures;

/// <summary>The requests of the tests: one for every route, and several for some routes.</summary>
internal sealed partial class RouteGroups
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
    private readonly OpenIdClient client;
    private readonly TokenKey edited;
    private int number;

    private RouteGroups(
        TestServer server, Token session, Token administrator, TokenKey edited, IReadOnlyList<Token> sessionsToEnd, OpenIdClient client)
    {
        this.client = client;
        this.server = server;
        this.edited = edited;
        bearer = TestServer.Bearer(session);
        this.administrator = TestServer.Bearer(administrator);
        cookie = server.Cookie(new SessionState { Token = session, Csrf = "csrf" });
        loginState = server.Cookie(new SessionState { State = "state", ReturnUrl = ReturnTo });
        logoutCookies = [.. sessionsToEnd.Select(token => server.Cookie(new SessionState { Token = token }))];
        All = [.. Subrequests(), .. Tokens(), .. Histories(), .. Users(), .. Logins(), .. Pages(), .. OpenIdConnect(), .. OtherRoutes()];
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
        OidcServer = Provider.Value,
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
            Scopes = ScopeSet.Of("admin:oidc", "admin:token", "admin:userinfo"),
        };
        var administrator = await server.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(TimeProvider.System));
        var edited = await server.Tokens.CreateUserTokenAsync(session, "someone", new UserTokenRequest("edited", ScopeSet.Empty, null));
        List<Token> sessionsToEnd = [];
        while (sessionsToEnd.Count < sessions)
            sessionsToEnd.Add((await server.Tokens.SessionForAsync("logging-out")).Record.Token);
        var client = await LogInToClientAsync(server, administrator, session.Record.Token);
        return new RouteGroups(server, session.Record.Token, administrator, edited.Key, sessionsToEnd, client);
    }

    private static string UnknownKey => new('x', TokenKey.Length);

    private int Next() => Interlocked.Increment(ref number);
}
