using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A browser that keeps Porthor's cookies, follows no redirect automatically, and stores the last redirect.</summary>
internal sealed class LoginBrowser(LoginSite site)
{
    private string? cookie;

    /// <summary>The other cookies, with the paths to which they are sent. Tests can copy them.</summary>
    public Dictionary<string, (string Value, string Path)> OtherCookies { get; } = [];

    /// <summary>The URL of the last redirect.</summary>
    public string? Location { get; private set; }

    /// <summary>The content of the state cookie.</summary>
    public SessionState State
    {
        get => cookie is null ? SessionState.Empty : site.Host.Core.SessionCookie.TryRead(cookie.Trim('"'), out _).ShouldNotBeNull();
        set => cookie = site.Host.Core.SessionCookie.Write(value);
    }

    public IReadOnlyDictionary<string, string> LocationQuery =>
        QueryHelpers.ParseQuery(new Uri(Location!).Query).ToDictionary(entry => entry.Key, entry => entry.Value.Single()!);

    public async Task<Answer> NavigateAsync(string path, params (string Name, string Value)[] headers)
    {
        List<(string Name, string Value)> sent = [.. headers];
        if (cookie is not null)
            sent.Add(("Cookie", $"other=1; {SessionCookie.Name}={cookie}"));
        sent.AddRange(OtherCookies.Where(more => path.StartsWith(more.Value.Path, StringComparison.Ordinal)).Select(
            more => ("Cookie", $"{more.Key}={more.Value.Value}")));
        site.LeakDetector.AddRequest(sent);
        var answer = await site.Host.SendAsync(HttpMethod.Get, path, sent);
        site.LeakDetector.AddResponse(answer);
        foreach (var set in answer.Headers.TryGetValue("Set-Cookie", out var all) ? all : [])
            StoreCookie(set);
        Location = answer.Header("Location");
        return answer;
    }

    /// <summary>Stores a cookie like a browser, which drops cookies that are too large.</summary>
    private void StoreCookie(string set)
    {
        set.Length.ShouldBeLessThan(4096);
        var (name, value) = set.Split(';')[0].Split('=', 2) is [var left, var right]
            ? (left, right) : throw new InvalidOperationException(set);
        if (name == SessionCookie.Name)
            cookie = value;
        else if (set.Contains("Max-Age=0", StringComparison.Ordinal))
            OtherCookies.Remove(name);
        else
            OtherCookies[name] = (value, set.Split("Path=")[1].Split(';')[0]);
    }

    public Task<Answer> BeginAsync(string destination) => NavigateAsync($"/login?rd={Uri.EscapeDataString(destination)}");

    /// <summary>Returns from the provider with a code.</summary>
    /// <param name="state">The state parameter; null for that of the last redirect.</param>
    public Task<Answer> ReturnAsync(string code, string? state = null)
    {
        site.LeakDetector.Secret(code);
        return NavigateAsync($"/login?code={Uri.EscapeDataString(code)}&state={Uri.EscapeDataString(state ?? State.State!)}");
    }

    /// <summary>Returns the status of an authorization subrequest with this cookie.</summary>
    public async Task<int> AuthorizeAsync(string query = "?scope=user:token") =>
        (await NavigateAsync("/ingress/auth" + query, ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"))).StatusCode;
}

internal static partial class LoginAssertions
{
    public static void ShouldRedirectTo(this Answer answer, string location)
    {
        answer.StatusCode.ShouldBe(307, answer.Body);
        answer.Header("Location").ShouldBe(location);
        answer.Body.ShouldBeEmpty();
    }

    /// <summary>Checks the complete error page of contract/login.md 3.3.</summary>
    /// <param name="error">The error as HTML.</param>
    public static void ShouldBeErrorPage(this Answer answer, int status, string error)
    {
        answer.StatusCode.ShouldBe(status, answer.Body);
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("Content-Security-Policy")!.ShouldStartWith("default-src 'none'");
        answer.Header("Content-Security-Policy")!.ShouldEndWith("form-action 'none'; frame-ancestors 'none'; base-uri 'none'");
        answer.Body.ShouldContain("<title>Authentication error</title>");
        // The page has Porthor's layout. The content is prescribed by the contract.
        var main = answer.Body[answer.Body.IndexOf("<h1>", StringComparison.Ordinal)..answer.Body.IndexOf(
            "</main>", StringComparison.Ordinal)];
        string[] parts =
        [
            "<h1>Authentication error</h1>", "<p>Authentication failed with the following error:</p>",
            $"<p><strong>Error:</strong> {error}</p>",
            .. status == 403 ? (string[])[] : ["<p>Error id: ID</p>"], $"<p>{LoginSite.Footer}</p>",
        ];
        WhitespaceBetweenElements.Replace(ErrorId.Replace(main, "Error id: ID"), "").ShouldBe(string.Concat(parts));
    }

    [GeneratedRegex("Error id: [0-9a-f-]{36}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ErrorId { get; }

    /// <summary>Matches whitespace between elements.</summary>
    [GeneratedRegex(@"(?<=</p>|</h1>)\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WhitespaceBetweenElements { get; }
}
