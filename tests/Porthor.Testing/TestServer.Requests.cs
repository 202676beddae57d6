using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Testing;

internal sealed partial class TestServer
{
    /// <summary>Sends a request and returns the response with its body.</summary>
    /// <param name="json">An object to send as JSON; a text to send unchanged with the media type of JSON; or a content with its own media
    /// type.</param>
    public async Task<Answer> SendAsync(
        HttpMethod method, string path, IEnumerable<(string Name, string Value)>? headers = null, object? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is HttpContent content)
            request.Content = content;
        else if (json is string text)
            request.Content = new StringContent(text, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
        else if (json is not null)
            request.Content = JsonContent.Create(json);
        List<(string Name, string Value)> sent = [.. headers ?? []];
        foreach (var (name, value) in sent)
            request.Headers.TryAddWithoutValidation(name, value);
        LeakDetector.AddRequest(sent);
        using var response = await Client.SendAsync(request);
        var answer = await Answer.ReadAsync(response);
        LeakDetector.AddResponse(answer);
        return answer;
    }

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Get, path, headers);

    public Task<Answer> PostAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, path, headers, json);

    public Task<Answer> PatchAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Patch, path, headers, json);

    public Task<Answer> PutAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Put, path, headers, json);

    public Task<Answer> DeleteAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Delete, path, headers);

    /// <summary>Posts a form, as a browser without scripts does.</summary>
    public Task<Answer> PostFormAsync(string path, IEnumerable<(string Name, string Value)> fields, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, path, headers, new FormUrlEncodedContent(
            fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    public static (string, string) Bearer(Token token) => ("Authorization", $"Bearer {token.Reveal()}");

    public static (string, string) Basic(string user, string password) =>
        ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public (string, string) Bootstrap => Bearer(Core.BootstrapToken!);

    /// <summary>Creates a state cookie as the server does.</summary>
    public (string, string) Cookie(SessionState state) => ("Cookie", $"{SessionCookie.Name}={Core.SessionCookie.Write(state)}");
}
