using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Faults;

/// <summary>A kind of request, and what it takes to answer it.</summary>
/// <param name="Usual">The status while all is well.</param>
/// <param name="Needs">Without these stores there is no answer but that they are away.</param>
/// <param name="Bound">Longer nobody waits.</param>
/// <param name="Away">The status while a store that it needs is away.</param>
internal sealed record RouteGroup(string Name, int Usual, Store Needs, TimeSpan Bound, Func<Task<Answer>> AskAsync, int Away = 503)
{
    public override string ToString() => Name;
}

/// <summary>Something of everything that a server is asked.</summary>
internal sealed class RouteGroups
{
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan ApiTimeout = TimeSpan.FromSeconds(3);

    private int number;

    private RouteGroups(TestServer server, Caller session, Token administrator, TokenKey edited)
    {
        var bearer = TestServer.Bearer(session.Record.Token);
        var cookie = server.Cookie(new Sessions.SessionState { Token = session.Record.Token, Csrf = "csrf" });
        (string, string)[] question = [("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), bearer];
        (string, string)[] forwarded = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "example.com"), ("X-Forwarded-Uri", "/")];
        const string mine = "/auth/api/v1/users/someone/tokens";
        All =
        [
            new("proxy's question", 200, Store.Vault, AnswerTimeout, () => server.GetAsync("/ingress/auth?scope=read:all", question)),
            new("forwarded question", 200, Store.Vault, AnswerTimeout, () => server.GetAsync("/ingress/forward?scope=read:all", [.. forwarded, bearer])),
            new("new child", 200, Store.Both, AnswerTimeout, () => server.GetAsync($"/ingress/auth?delegate_to=s{Next()}&delegate_scope=read:all", question)),
            new("anonymous question", 200, Store.None, AnswerTimeout, () => server.GetAsync("/ingress/anonymous")),
            new("no credentials", 401, Store.None, AnswerTimeout, () => server.GetAsync("/auth/api/v1/token-info")),
            new("description", 200, Store.None, AnswerTimeout, () => server.GetAsync("/auth/openapi.json")),
            new("login data", 200, Store.Vault, AnswerTimeout, () => server.GetAsync("/auth/api/v1/login", cookie)),
            new("user information", 200, Store.Vault, AnswerTimeout, () => server.GetAsync("/auth/api/v1/user-info", bearer)),
            new("quota overrides", 404, Store.Vault, AnswerTimeout, () => server.GetAsync("/auth/api/v1/quota-overrides", bearer)),
            new("own token", 200, Store.Both, ApiTimeout, () => server.GetAsync("/auth/api/v1/token-info", bearer)),
            new("list", 200, Store.Both, ApiTimeout, () => server.GetAsync(mine, bearer)),
            new("history", 200, Store.Both, ApiTimeout, () => server.GetAsync("/auth/api/v1/users/someone/token-change-history?limit=5", bearer)),
            new("creation", 201, Store.Both, ApiTimeout, () => server.PostAsync(mine, new { token_name = $"{Next()}" }, bearer)),
            new("edit", 200, Store.Both, ApiTimeout, () => server.PatchAsync($"{mine}/{edited}", new { token_name = $"edited {Next()}" }, TestServer.Bearer(administrator))),
            new("revocation", 404, Store.Both, ApiTimeout, () => server.DeleteAsync($"{mine}/{new string('x', 22)}", bearer)),
        ];
    }

    public IReadOnlyList<RouteGroup> All { get; }

    public static async Task<RouteGroups> OfAsync(TestServer server)
    {
        var session = await server.Tokens.SessionForAsync("someone", "user:token,read:all");
        var request = new AdminTokenRequest { Username = "bot-admin", TokenType = TokenType.Service, Scopes = ScopeSet.Of("admin:token") };
        var administrator = await server.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(TimeProvider.System));
        var edited = await server.Tokens.CreateUserTokenAsync(session, "someone", new UserTokenRequest("edited", ScopeSet.Empty, null));
        return new RouteGroups(server, session, administrator, edited.Key);
    }

    private int Next() => Interlocked.Increment(ref number);
}
