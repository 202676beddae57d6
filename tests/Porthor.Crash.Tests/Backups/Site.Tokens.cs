using System.Text.Json;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Backups;

internal sealed partial class Site
{
    /// <summary>Returns the status that a proxy receives: 200, 401, or 403 if the token does not have the scope.</summary>
    public async Task<int> AuthorizeAsync(Token token, string scope = "user:token") =>
        (await Http.AuthorizeAsync(Url, token, $"scope={scope}"))!.StatusCode;

    /// <summary>Creates a token with a child, both with the scope read:all.</summary>
    public async Task<Tree> CreateTreeAsync(string username, string name)
    {
        var created = await Http.CreateUserTokenAsync(Url, Administrator, username, name, "read:all", "user:token");
        created!.StatusCode.ShouldBe(201, created.Body);
        var token = Requests.TokenIn(created);
        var child = await Http.DelegateAsync(Url, token, "portal", "read:all");
        child!.StatusCode.ShouldBe(200, child.Body);
        return new Tree(username, name, token, Token.Parse(child.Header("X-Auth-Request-Token")!));
    }

    public async Task RevokeAsync(Tree tree) =>
        (await Http.RevokeAsync(Url, Administrator, tree.Username, tree.Token.Key))!.StatusCode.ShouldBe(204);

    /// <summary>Removes the scope read:all.</summary>
    public async Task ReduceAsync(Tree tree) =>
        (await Http.EditAsync(Url, Administrator, tree.Username, tree.Token.Key, "user:token"))!.StatusCode.ShouldBe(200);

    /// <summary>Returns the keys of a user's tokens without expired tokens, which are listed until maintenance removes them.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string username) =>
        [.. Requests.ItemsIn((await Http.ListAsync(Url, Administrator, username))!)
            .Where(
                item => !item.TryGetProperty("expires", out var expires)
                    || expires.ValueKind == JsonValueKind.Null || expires.GetInt64() > DateTimeOffset.UtcNow.ToUnixTimeSeconds())
            .Select(item => item.GetProperty("token").GetString()!)];

    /// <summary>Returns all data about a user's tokens except for the time of last use, and their history.</summary>
    public async Task<string> DescribeAsync(string username)
    {
        var list = await Http.ListAsync(Url, Administrator, username);
        return LastUsed.Replace(list!.Body, "") + await HistoryAsync(username);
    }

    /// <summary>Returns the history of a user's tokens, newest first.</summary>
    public async Task<string> HistoryAsync(string username)
    {
        var history = await Http.SendRequestAsync(
            HttpMethod.Get, Url, $"/auth/api/v1/history/token-changes?username={username}", Administrator);
        history!.StatusCode.ShouldBe(200, history.Body);
        return history.Body;
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? json = null) =>
        (await Http.SendRequestAsync(method, Url, path, Administrator, json))!;
}
