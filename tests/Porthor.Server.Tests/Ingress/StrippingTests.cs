using System.Text;
using Porthor.Server.Tests.Api;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Ingress;

/// <summary>What authenticates here never reaches the application (contract/ingress.md 11, 16; deviations 10).</summary>
public sealed class StrippingTests(IngressServers servers) : IClassFixture<IngressServers>
{
    private static readonly string Ours = Token.Create().Reveal();

    /// <summary>Headers, and what is left of them; null for nothing.</summary>
    public static TheoryData<string, string?> Authorizations => new()
    {
        { $"Bearer {Ours}", null },
        { $"BEARER   {Ours}", null },
        { $"bearer\t{Ours}", null },
        { $"Basic {Encoded($"{Ours}:x")}", null },
        { $"Basic  {Encoded($"x:{Ours}")}", null },
        { $"Basic {Encoded($"x:y:{Ours}")}", null },
        { $"Basic {Encoded("x:y")}", $"Basic {Encoded("x:y")}" },
        { "basic", "basic" },
        { "basic notreally:base64", "basic notreally:base64" },
        { "some broken stuff", "some broken stuff" },
        { $"token {Ours}", $"token {Ours}" },
    };

    public static TheoryData<string, string?> Cookies => new()
    {
        { "gafaelfawr=blah", null },
        { "gafaelfawr=blah; _other=somevalue", "_other=somevalue" },
        { "foo=bar; gafaelfawr=blah; gafaelfawrblah=blah", "foo=bar; gafaelfawrblah=blah" },
        { "gafaelfawr=blah; foo=bar; invalid", "foo=bar; invalid" },
        { "gafaelfawr", "gafaelfawr" },
        { "a=b;gafaelfawr=stolen", "a=b" },
        { "a=b;  gafaelfawr=stolen", "a=b" },
        { "a=b; gafaelfawr =stolen;\tgafaelfawr=again", "a=b" },
        { "a=b;c=d", "a=b;c=d" },
    };

    [Theory, MemberData(nameof(Authorizations))]
    public async Task Tokens_are_taken_out_of_authorization(string header, string? left)
    {
        var server = await servers.InAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, "/ingress/anonymous?scope=nonsense", json: null, ("Authorization", header));
        answer.ShouldPass();
        answer.Header("Authorization").ShouldBe(left);
    }

    [Theory, MemberData(nameof(Cookies))]
    public async Task Our_cookie_is_taken_out_however_it_is_set_off(string header, string? left)
    {
        var server = await servers.InAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, "/ingress/anonymous", json: null, ("Cookie", header));
        answer.ShouldPass();
        answer.Header("Cookie").ShouldBe(left);
    }

    [Theory, EveryMode]
    public async Task What_authenticates_is_what_is_stripped(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var browser = await server.LogInAsync("stripped", "read:all");
        var cookie = browser.Cookie.Item2;
        foreach (var credential in ((string, string)[])[
            ("Authorization", $"Bearer\t{browser.Session.Reveal()}"),
            ("Authorization", $"Basic {Encoded($"{browser.Session.Reveal()}:")}"),
            ("Cookie", $"a=b;{cookie}"),
            ("Cookie", $"{SessionCookie.Name}=x; {cookie}")])
        {
            var answer = await server.AskAsync("?scope=read:all", credential);
            answer.ShouldPass();
            answer.Header("Authorization").ShouldBeNull();
            (answer.Header("Cookie") ?? "").ShouldNotContain(SessionCookie.Name);
        }
    }

    [Theory, EveryMode]
    public async Task With_use_authorization_only_the_child_goes_on(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var browser = await server.LogInAsync("replaced", "read:all");
        var foreign = ("Authorization", "token of-somebody");
        (await server.AskAsync("?use_authorization=true", browser.Cookie, foreign)).Header("Authorization").ShouldBeNull();
        var answer = await server.AskAsync("?use_authorization=true&notebook=true", browser.Cookie, foreign);
        answer.Header("Authorization").ShouldBe($"Bearer {answer.Header("X-Auth-Request-Token")}");
    }

    private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
