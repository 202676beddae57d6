using System.Globalization;
using Porthor.Server.Logging;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Ingress;
using Porthor.Testing;

namespace Porthor.Server.Tests.Logging;

/// <summary>No token, code or secret is logged, in any URL or text.</summary>
public sealed class RedactionTests(IngressServers servers) : IClassFixture<IngressServers>
{
    private const string Token = "gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";
    private const string Code = "gc-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";

    [Theory]
    [InlineData("https://a.example/cb?code=hunter2&x=1", "https://a.example/cb?code=***&x=1")]
    [InlineData("https://a.example/cb?x=1&state=hunter2", "https://a.example/cb?x=1&state=***")]
    [InlineData("https://a.example/#access_token=hunter2&token_type=bearer", "https://a.example/#access_token=***&token_type=bearer")]
    [InlineData("?client_secret=hunter2", "?client_secret=***")]
    [InlineData("?accessToken=hunter2&apiKey=hunter2&api-key=hunter2", "?accessToken=***&apiKey=***&api-key=***")]
    [InlineData("?user[password]=hunter2", "?user[password]=***")]
    [InlineData("?user%5Bpassword%5D=hunter2", "?user%5Bpassword%5D=***")]
    [InlineData("?X-Amz-Signature=hunter2&X-Amz-Security-Token=hunter2", "?X-Amz-Signature=***&X-Amz-Security-Token=***")]
    [InlineData("?SAMLResponse=hunter2&ticket=hunter2", "?SAMLResponse=***&ticket=***")]
    [InlineData("/page;jsessionid=hunter2?x=1", "/page;jsessionid=***")]
    [InlineData("/login?rd=https%3A%2F%2Fa.example%2Fcb%3Fcode%3Dhunter2%26x%3D1&y=2",
        "/login?rd=https%3A%2F%2Fa.example%2Fcb%3Fcode%3D***&y=2")]
    [InlineData("/login?rd=https%253A%252F%252Fa%253Fcode%253Dhunter2", "/login?rd=https%253A%252F%252Fa%253Fcode%253D***")]
    [InlineData("https://user:hunter2@a.example/", "https://user:***@a.example/")]
    [InlineData("https://hunter2@a.example/", "https://***@a.example/")]
    [InlineData("rd=https%3A%2F%2Fuser%3Ahunter2%40a.example%2F", "rd=https%3A%2F%2Fuser%3A***%40a.example%2F")]
    [InlineData("https://a.example/user/" + Token + "/x", "https://a.example/user/gt-aj792KhFp_aHRBajMaGVPQ.***/x")]
    [InlineData("https://a.example/?q=gt-aj792KhFp_aHRBajMaGVPQ%2EDvTHDkU1ODVxd1rMNly0Cw",
        "https://a.example/?q=gt-aj792KhFp_aHRBajMaGVPQ%2E***")]
    [InlineData("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.hunter2", "***")]
    [InlineData("{\"access_token\": \"hunter2\", \"expires_in\": 1}", "{\"access_token\": \"***\", \"expires_in\": 1}")]
    [InlineData("Host=db;Password=hunter2;Database=x", "Host=db;Password=***;Database=x")]
    [InlineData("Authorization: Basic aHVudGVyMmh1bnRlcjI=", "Authorization: Basic ***")]
    [InlineData("Authorization: Bearer%20aHVudGVyMmh1bnRlcjI", "Authorization: Bearer%20***")]
    [InlineData("?token[]=hunter2&token%5B%5D=hunter2", "?token[]=***&token%5B%5D=***")]
    [InlineData("https://a.example/?q=gt%2Daj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw&x=1", "https://a.example/?q=***&x=1")]
    [InlineData("https://a.example/gt%252Daj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw/x", "https://a.example/***/x")]
    [InlineData("https://a.example/?q=gt-aj792KhFp_aHRBajMaGVPQ.%44vTHDkU1ODVxd1rMNly0Cw", "https://a.example/?q=***")]
    [InlineData("/login?rd=https%3A%2F%2Fa.example%2F%3Fq%3Dgt%252Daj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw", "/login?rd=***")]
    [InlineData("?q=Z3QtYWo3OTJLaEZwX2FIUkJhak1hR1ZQUS5EdlRIRGtVMU9EVnhkMXJNTmx5MEN3&x=1", "?q=***&x=1")]
    [InlineData("?key=hunter2&x=1", "?key=***&x=1")]
    [InlineData("https://a.example/?x=1&KEY=hunter2#key=hunter2", "https://a.example/?x=1&KEY=***#key=***")]
    [InlineData("/login?rd=https%3A%2F%2Fa.example%2F%3Fkey%3Dhunter2", "/login?rd=https%3A%2F%2Fa.example%2F%3Fkey%3D***")]
    [InlineData("?%74oken=hunter2&x=1", "?%74oken=***&x=1")]
    [InlineData("https://a.example/?x=%20&c%6fd%65=hunter2;y=2", "https://a.example/?x=%20&c%6fd%65=***;y=2")]
    [InlineData("?%2574oken=hunter2", "?%2574oken=***")]
    [InlineData("?%6bey=hunter2", "?%6bey=***")]
    [InlineData("?client%5Fsecret=hunter2&%70assword[]=hunter2", "?client%5Fsecret=***&%70assword[]=***")]
    [InlineData("#access%5Ftoken=hunter2", "#access%5Ftoken=***")]
    [InlineData("/login?rd=https%3A%2F%2Fa.example%2F%3F%2574oken%3Dhunter2&y=2", "/login?rd=***&y=2")]
    [InlineData("/login?rd=https://a.example/?%74oken=hunter2", "/login?rd=https://a.example/?%74oken=***")]
    [InlineData("https://a.example/?q=" + Code + "&x=1", "https://a.example/?q=gc-aj792KhFp_aHRBajMaGVPQ.***&x=1")]
    [InlineData("https://a.example/cb/" + Code, "https://a.example/cb/gc-aj792KhFp_aHRBajMaGVPQ.***")]
    [InlineData("https://a.example/?q=gc%2Daj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw&x=1", "https://a.example/?q=***&x=1")]
    [InlineData("?q=Z2MtYWo3OTJLaEZwX2FIUkJhak1hR1ZQUS5EdlRIRGtVMU9EVnhkMXJNTmx5MEN3&x=1", "?q=***&x=1")]
    [InlineData("https://a.example/?u=https%3A%2F%2Fx:y&v=https%3A%2F%2Fu%3Ahunter2%40a",
        "https://a.example/?u=https%3A%2F%2Fx:y&v=https%3A%2F%2Fu%3A***%40a")]
    [InlineData("https://u:hunter%2F2%3A%2F@a.example/", "https://u:***@a.example/")]
    [InlineData("eyJhbGciOiJIUzI1NiIsImtpZCI6ImV5SmEifQ.eyJzdWIiOiJleUpleUpleUoifQ.hunter2", "***")]
    [InlineData("eyJaeyJbbbbbbbbbb.eyJzdWIiOiJhIn0.hunter2 x", "eyJa*** x")]
    public void Secrets_are_hidden(string text, string expected) => Redaction.Text(text).ShouldBe(expected);

    [Theory]
    [InlineData("https://example.com/some/page?scope=exec:admin&use_authorization=true&auth_type=basic&delegate_to=x&minimum_lifetime=300")]
    [InlineData("/auth/api/v1/history/token-changes?limit=1&cursor=1_2&token_type=user")]
    [InlineData("https://a.example/barcode/statement?zip_codes=1&unicode=2&tokens=3&monkey=4")]
    [InlineData("https://a.example/a%20b/%C3%BC?n%61me=1&monkey%5B%5D=2&x=%2574&rd=https%3A%2F%2Fa.example%2F%3Fn%2561me%3D1")]
    [InlineData("Cannot deserialize data for key token:aj792KhFp_aHRBajMaGVPQ")]
    [InlineData("user@example.com wrote to https://a.example/@user/x:y")]
    public void Other_texts_are_unchanged(string text) => Redaction.Text(text).ShouldBe(text);

    /// <summary>
    /// The time is linear in the length of a text, also for texts with many beginnings of a secret and no end. A quadratic search reaches
    /// the time limit of the expression, which is twenty times the limit here, and then hides the whole text.
    /// </summary>
    [Theory]
    [InlineData("%25")]
    [InlineData("://a:")]
    [InlineData("%253A%252F%252F")]
    [InlineData("%3A%2F%2Fa%3A")]
    [InlineData("https%3A%2F%2Fa")]
    [InlineData("a")]
    [InlineData("a_")]
    [InlineData("?token=;")]
    [InlineData("code=;a")]
    [InlineData("\"token\" ")]
    [InlineData("gt-a")]
    [InlineData("eyJ")]
    [InlineData("eyJaaaaaaaa")]
    [InlineData("gAAAA ")]
    [InlineData("bearer+")]
    [InlineData("token ")]
    [InlineData("%74oken=")]
    [InlineData("a%74=&")]
    public void A_long_text_is_searched_in_linear_time(string piece)
    {
        var text = string.Concat(Enumerable.Repeat(piece, 64 * 1024 / piece.Length)) + " gt- %";
        var limit = TimeSpan.FromMilliseconds(250);
        var fastest = TimeSpan.MaxValue;
        // The first run can include the compilation of the expression.
        for (var run = 0; run < 5 && fastest > limit; run++)
        {
            var before = ThreadTime();
            Redaction.Text(text).ShouldNotBe("***");
            var taken = ThreadTime() - before;
            fastest = taken < fastest ? taken : fastest;
        }
        fastest.ShouldBeLessThanOrEqualTo(limit);
    }

    /// <summary>Only the beginning of a text of a client is logged, and no part of a secret at its end.</summary>
    [Fact]
    public void The_end_of_a_long_text_is_removed_with_the_secret_that_it_cuts()
    {
        Redaction.Shown(new string('x', 2000)).ShouldBe(new string('x', 2000));
        Redaction.Shown(new string('x', 5000)).ShouldBe(new string('x', 1488) + "...");
        Redaction.Shown("https://a.example/?" + new string('x', 1900) + "&" + new string('y', 500))
            .ShouldBe("https://a.example/?" + new string('x', 1900) + "&...");
        var emoji = string.Concat(Enumerable.Repeat("a\U0001F600", 1000));
        Redaction.Shown(emoji).ShouldBe(emoji[..1488] + "...");
        Redaction.Shown("a" + emoji).ShouldBe("a" + emoji[..1486] + "...");
        var encoded = Token.Replace("-", "%252D", StringComparison.Ordinal);
        var base64 = "Z3QtYWo3OTJLaEZwX2FIUkJhak1hR1ZQUS5EdlRIRGtVMU9EVnhkMXJNTmx5MEN3";
        foreach (var (secret, part) in new[]
        {
            (Token, "DvTHDk"), (Code, "DvTHDk"), (encoded, "DvTHDk"), (base64, base64[^20..^10]),
            ("https://user:very-secret-word@a", "very"), ("Bearer 0123456789abcdef0123456789", "0123"),
        })
        {
            for (var before = 2000 - secret.Length - 2; before < 2001; before++)
                Redaction.Shown($"{new string('x', before)} {secret} {new string('z', 100)}").ShouldNotContain(part, Case.Sensitive);
        }
    }

    /// <summary>Long URLs must not fill the disk with log lines.</summary>
    [Theory, EveryMode]
    public async Task Long_texts_of_clients_are_truncated(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var padding = new string('u', 20_000);
        await server.AuthorizeAsync("?scope=read:all", $"https://example.com/cut?{padding}", "GET", ("Authorization", $"Bearer {Token}"),
            ("User-Agent", $"cutter {padding[..8000]}"));
        await server.SendAsync(HttpMethod.Get, $"/login?rd=https%3A%2F%2Fevil.example%2Fcut%3F{padding[..8000]}");
        var lines = server.Host.Logs.Raw.Where(
            line => line.Contains("/cut", StringComparison.Ordinal) || line.Contains("%2Fcut", StringComparison.Ordinal))
            .ToList();
        lines.Count.ShouldBeGreaterThanOrEqualTo(2);
        lines.ShouldAllBe(line => line.Length < 8000);
    }

    [Theory, EveryMode]
    public async Task No_log_line_of_a_request_contains_secrets(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var bearer = TestServer.Bearer((await server.LogInAsync("redacted", "read:all")).Session);
        const string secret = "very-secret-c0de-77";
        await server.AuthorizeAsync("?scope=read:all", $"https://example.com/cb?code={secret}&x=1#access_token={secret}", "GET", bearer);
        await server.AuthorizeAsync(
            "?scope=exec:admin", $"https://example.com/?next=%2Fa%3Ftoken%3D{secret}", "GET", bearer,
            ("User-Agent", $"agent token={secret}"));
        await server.AuthorizeAsync($"?scope=read:all&password={secret}", bearer);
        await server.SendAsync(HttpMethod.Get, $"/logout?rd=https%3A%2F%2Fevil.example%2F%3Fcode%3D{secret}");
        await server.SendAsync(HttpMethod.Get, $"/login?rd=https://example.com/?code={secret}");
        await server.GetAsync($"/users/redacted/tokens?access_token={secret}", ("Authorization", $"Basic x token={secret}"));
        server.Host.Logs.Raw.ShouldNotContain(line => line.Contains(secret, StringComparison.Ordinal));
        var encoded = Token.Replace("gt-", "gt%2D", StringComparison.Ordinal);
        await server.AuthorizeAsync(
            $"?scope=read:all&service={Token}", $"https://example.com/?q={encoded}", "GET", bearer, ("User-Agent", encoded));
        await server.AuthorizeAsync($"?scope=read:all&username={encoded}", bearer);
        await server.AuthorizeAsync("?scope=read:all", ("Authorization", $"{encoded} x"));
        await server.SendAsync(
            HttpMethod.Get, $"/login?rd=https%3A%2F%2Fevil.example%2F%3Fq%3D{encoded.Replace("%", "%25", StringComparison.Ordinal)}");
        server.Host.Logs.Raw.ShouldNotContain(line => line.Contains("DvTHDkU1ODVxd1rMNly0Cw", StringComparison.Ordinal));
        server.Host.Logs.Lines.Where(line => line.TryGetProperty("auth_uri", out _)).Select(
            line => line.GetProperty("auth_uri").GetString())
            .ShouldContain("https://example.com/cb?code=***&x=1#access_token=***");
    }

    /// <summary>Returns the CPU time of this thread, which does not depend on other load.</summary>
    private static TimeSpan ThreadTime() => TimeSpan.FromMicroseconds(
        long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1000);
}
