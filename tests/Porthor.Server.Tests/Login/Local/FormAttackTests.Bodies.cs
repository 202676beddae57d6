using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

public sealed partial class FormAttackTests
{
    [Theory]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "{\"username\":\"alice\"}", "application/json")]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "state=x&username=alice&password=x", null)]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "state=x&username=alice&password=x", "text/plain")]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "state=x&username=alice&password=x",
        "application/x-www-form-urlencoded; charset=utf-16")]
    [InlineData(415, "The body must be application/x-www-form-urlencoded in UTF-8", "--b\r\n\r\n--b--", "multipart/form-data; boundary=b")]
    [InlineData(400, "The form must have one field state", "", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field state", "username=alice&password=x", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field username", "state=x&password=x", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field password", "state=x&username=alice", "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field username", "state=x&username=alice&username=bob&password=x",
        "application/x-www-form-urlencoded")]
    [InlineData(400, "The form must have one field password", "state=x&username=alice&password=x&password=y",
        "application/x-www-form-urlencoded; charset=utf-8")]
    [InlineData(400, "The form has too many fields, or one that is too long", "state=x&username=alice&password=x&a=&b=&c=&d=&e=&f=",
        "application/x-www-form-urlencoded")]
    public async Task An_invalid_form_body_is_rejected(int status, string sentence, string body, string? mediaType)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = new FormBrowser(server.Host);
        await browser.OpenFormAsync();
        var answer = await browser.PostAsync(body, mediaType);
        answer.StatusCode.ShouldBe(status);
        answer.Body.ShouldContain(sentence);
        // No part of the body is returned, because it could be a password.
        answer.Body.ShouldNotContain("alice");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_rejected()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = new FormBrowser(server.Host);
        var form = await browser.OpenFormAsync();
        (await browser.SubmitAsync(form, "grace", new string('x', 4000))).StatusCode.ShouldBe(403);
        (await browser.SubmitAsync(form, "grace", new string('x', 5000))).StatusCode.ShouldBe(400);
        // The server need not read all of the body, so the request is sent with a raw socket.
        var head =
            $"POST /auth/login HTTP/1.1\r\nHost: {server.Host.Url.Authority}\r\nConnection: close\r\nContent-Type: "
                + $"application/x-www-form-urlencoded\r\n";
        var body = new string('x', 70_000);
        (await server.SendRawAsync($"{head}Content-Length: {body.Length}\r\n\r\n{body}"))!.StatusCode.ShouldBe(413);
        foreach (var (length, status) in ((int, int)[])[(20_000, 400), (70_000, 413)])
            (await server.SendRawAsync(
                $"{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body[..length]}\r\n0\r\n\r\n"))!.StatusCode.ShouldBe(status);
        (await browser.SubmitAsync(form, "grace")).StatusCode.ShouldBe(303);
    }

    /// <summary>Invalid encodings and unusual characters are treated like any wrong password.</summary>
    [Theory]
    [InlineData("%")]
    [InlineData("%zz%f")]
    [InlineData("%ff%fe")]
    [InlineData("%00")]
    [InlineData("%ED%A0%80")]
    [InlineData("%F0%9F%94%91")]
    public async Task An_unusual_password_is_treated_as_wrong(string encoded)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = new FormBrowser(server.Host);
        var state = Uri.EscapeDataString(FormBrowser.StateIn(await browser.OpenFormAsync()));
        var answer = await browser.PostAsync(
            $"state={state}&username=heidi{encoded}&password={encoded}", "application/x-www-form-urlencoded");
        answer.StatusCode.ShouldBe(403);
        answer.Body.ShouldContain("Wrong username or password.");
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    public async Task Other_methods_are_not_allowed(string method)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.SendAsync(new HttpMethod(method), "/auth/login")).StatusCode.ShouldBe(405);
    }
}
