using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Failures;

internal sealed partial class RouteGroups
{
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
}
