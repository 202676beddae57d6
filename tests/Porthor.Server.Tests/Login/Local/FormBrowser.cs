using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>A minimal browser for logins: it keeps cookies and submits the forms that it received.</summary>
/// <param name="address">The client address; null for an address of its own.</param>
internal sealed partial class FormBrowser(TestServer server, SecretLeakDetector? leakDetector = null, string? address = null)
{
    public const string Destination = "https://example.com/portal?view=all";

    private static int addresses;

    public string Address { get; } = address ?? $"10.{Interlocked.Increment(ref addresses) / 256 % 256}.{addresses % 256}.1";

    /// <summary>The cookies by name. Tests can add, remove and copy them.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>The content of the state cookie, which only the server can decrypt.</summary>
    public SessionState State => Cookies.TryGetValue(SessionCookie.Name, out var cookie)
        ? server.Core.SessionCookie.TryRead(cookie, out _)!
        : SessionState.Empty;

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Get, path, content: null, headers);

    /// <summary>Starts a login and returns the form.</summary>
    public async Task<Answer> OpenFormAsync(string destination = Destination)
    {
        var sent = await GetAsync($"/login?rd={Uri.EscapeDataString(destination)}");
        (sent.StatusCode, sent.Header("Location")).ShouldBe((307, "/auth/login"), sent.Body);
        var form = await GetAsync("/auth/login");
        form.StatusCode.ShouldBe(200);
        return form;
    }

    /// <summary>Opens the form and submits it.</summary>
    public async Task<Answer> LogInAsync(string username, string password = LocalLoginServers.Password) =>
        await SubmitAsync(await OpenFormAsync(), username, password);

    /// <summary>Submits a form like a browser.</summary>
    public Task<Answer> SubmitAsync(Answer form, string username, string password = LocalLoginServers.Password) =>
        PostAsync(
            [("state", StateIn(form)), ("username", username), ("password", password)], ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://example.com"));

    public Task<Answer> PostAsync(IEnumerable<(string Name, string Value)> fields, params (string, string)[] headers) => PostAsync(
        new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))), headers);

    public Task<Answer> PostAsync(string body, string? mediaType) => PostAsync(
        new ByteArrayContent(Encoding.UTF8.GetBytes(body))
        {
            Headers = { ContentType = mediaType is null ? null : MediaTypeHeaderValue.Parse(mediaType) }
        });

    public Task<Answer> PostAsync(HttpContent content, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, "/auth/login", content, headers);

    public static string StateIn(Answer form) => System.Net.WebUtility.HtmlDecode(StateField.Match(form.Body).Groups["state"].Value);

    private async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        List<(string Name, string Value)> all = [("X-Forwarded-For", Address), .. headers];
        if (Cookies.Count > 0)
            all.Add(("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))));
        foreach (var (name, value) in all)
            request.Headers.TryAddWithoutValidation(name, value);
        foreach (var cookie in Cookies.Values)
            leakDetector?.Secret(cookie);
        using var response = await server.Client.SendAsync(request);
        var answer = await Answer.ReadAsync(response);
        foreach (var cookie in answer.Headers.TryGetValue("Set-Cookie", out var set) ? set : [])
        {
            var (name, value) = cookie.Split(';')[0].Split('=', 2) is [var left, var right]
                ? (left, right.Trim('"')) : throw new InvalidOperationException(cookie);
            Cookies[name] = value;
            leakDetector?.Secret(value);
        }
        leakDetector?.AddResponse(answer with { Headers = new Dictionary<string, IReadOnlyList<string>>() });
        return answer;
    }

    [GeneratedRegex("name=\"state\" value=\"(?<state>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex StateField { get; }
}
