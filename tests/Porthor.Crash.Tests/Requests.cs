using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests;

/// <summary>Sends the HTTP requests of a node's clients. A missing response is null: the request may have taken effect or not.</summary>
internal static class Requests
{
    public const string Service = "some-service";

    public static Task<Answer?> CreateUserTokenAsync(
        this HttpClient client, Uri node, Token administrator, string username, string name, params string[] scopes) =>
        client.SendRequestAsync(
            HttpMethod.Post, node, "/auth/api/v1/tokens", administrator, new { username, token_type = "user", token_name = name, scopes });

    public static Task<Answer?> EditAsync(
        this HttpClient client, Uri node, Token administrator, string username, TokenKey key, params string[] scopes) =>
        client.SendRequestAsync(HttpMethod.Patch, node, $"/auth/api/v1/users/{username}/tokens/{key}", administrator, new { scopes });

    public static Task<Answer?> RevokeAsync(this HttpClient client, Uri node, Token administrator, string username, TokenKey key) =>
        client.SendRequestAsync(HttpMethod.Delete, node, $"/auth/api/v1/users/{username}/tokens/{key}", administrator);

    public static Task<Answer?> ListAsync(this HttpClient client, Uri node, Token administrator, string username) =>
        client.SendRequestAsync(HttpMethod.Get, node, $"/auth/api/v1/users/{username}/tokens", administrator);

    /// <summary>Sends an authorization subrequest as a proxy does.</summary>
    /// <param name="query">The parameters of the authorization rule.</param>
    public static Task<Answer?> AuthorizeAsync(this HttpClient client, Uri node, Token token, string query = "") =>
        client.SendRequestAsync(HttpMethod.Get, node, $"/ingress/auth?{query}", token);

    /// <summary>Requests the delegated token of a service behind the proxy.</summary>
    public static Task<Answer?> DelegateAsync(this HttpClient client, Uri node, Token parent, string service, params string[] scopes) =>
        client.AuthorizeAsync(
            node, parent, $"service={service}&delegate_to={service}&delegate_scope={string.Join("&delegate_scope=", scopes)}");

    /// <summary>Creates an administrator, which the requests above need, with the bootstrap token.</summary>
    public static async Task<Token> CreateAdministratorAsync(this HttpClient client, Uri node, Token bootstrap)
    {
        var created = await client.SendRequestAsync(
            HttpMethod.Post, node, "/auth/api/v1/tokens", bootstrap,
            new { username = "bot-admin", token_type = "service", scopes = (string[])["admin:token"] });
        return TokenIn(created!);
    }

    public static Token TokenIn(Answer answer) => Token.Parse(answer.Json.GetProperty("token").GetString()!);

    public static IEnumerable<JsonElement> ItemsIn(Answer answer) => answer.Json.EnumerateArray();

    public static async Task<Answer?> SendRequestAsync(
        this HttpClient client, HttpMethod method, Uri node, string path, Token token, object? json = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(node, path));
        request.Headers.Authorization = new("Bearer", token.Reveal());
        request.Headers.Add("X-Original-URL", "https://example.com/");
        request.Headers.Add("X-Original-Method", "GET");
        if (json is not null)
            request.Content = JsonContent.Create(json);
        try
        {
            using var response = await client.SendAsync(request);
            return await Answer.ReadAsync(response);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            // HttpClient throws a SocketException if the node is killed while the connection is being established.
            return null;
        }
    }
}
