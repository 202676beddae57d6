using Porthor.Server.Login.Local;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>Clients that guess passwords are delayed. The users whose passwords are guessed are not delayed.</summary>
public sealed partial class GuessingTests(LocalLoginServers servers) : IClassFixture<LocalLoginServers>
{
    [Theory, EveryMode]
    public async Task After_five_failures_there_is_a_delay(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        // The same applies to existing and to unknown names.
        foreach (var name in (string[])["ivan", "nobody"])
        {
            var browser = new FormBrowser(server.Host);
            var form = await browser.OpenFormAsync();
            await FailAsync(browser, form, name, 5);
            foreach (var (status, wait) in ((int, int)[])[(429, 2), (403, 0), (429, 4), (403, 0), (429, 8)])
            {
                var lineCount = server.CountLines();
                var answer = await browser.SubmitAsync(form, name, "wrong");
                answer.StatusCode.ShouldBe(status);
                if (status == 403)
                    continue;
                answer.Header("Retry-After").ShouldBe($"{wait}");
                answer.Body.ShouldContain($"Too many failed logins. Try again in {wait} seconds.");
                server.LinesSince(lineCount, "Authentication failed").ShouldHaveSingleItem().GetProperty("username").GetString()
                    .ShouldBe(name == "ivan" ? "ivan" : null);
                // Even the correct password is not checked, and an attempt does not extend the delay.
                (await browser.SubmitAsync(form, name)).StatusCode.ShouldBe(429);
                server.Clock.Advance(TimeSpan.FromSeconds(wait));
            }
            // The earlier form is still valid.
            (await browser.SubmitAsync(form, name)).StatusCode.ShouldBe(name == "ivan" ? 303 : 403);
        }
    }

    /// <summary>Failed logins with a user's name from any number of addresses do not lock the user out.</summary>
    [Theory, EveryMode]
    public async Task Failed_logins_of_others_cannot_lock_a_user_out(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var home = new FormBrowser(server.Host);
        (await home.LogInAsync("judy")).StatusCode.ShouldBe(303);

        // One attacker: only the attacker has to wait.
        var stranger = new FormBrowser(server.Host);
        var form = await stranger.OpenFormAsync();
        await FailAsync(stranger, form, "judy", 5);
        (await stranger.SubmitAsync(form, "judy", "wrong")).StatusCode.ShouldBe(429);
        (await home.LogInAsync("judy")).StatusCode.ShouldBe(303);
        (await new FormBrowser(server.Host).LogInAsync("judy")).StatusCode.ShouldBe(303);

        // Many attackers: a new address has to wait up to one minute, but neither the known browser at any address nor the familiar
        // address.
        for (var i = 0; i < 24; i++)
        {
            var another = new FormBrowser(server.Host);
            var shown = await another.OpenFormAsync();
            for (var attempt = 0; attempt < 5; attempt++)
                (await another.SubmitAsync(shown, "judy", "wrong")).StatusCode.ShouldBeOneOf(403, 429);
        }
        (await new FormBrowser(server.Host).LogInAsync("judy")).StatusCode.ShouldBe(429);
        (await new FormBrowser(server.Host, address: home.Address).LogInAsync("judy")).StatusCode.ShouldBe(303);
        var away = new FormBrowser(
            server.Host)
        { Cookies = { [KnownDeviceCookie.CookieName] = home.Cookies[KnownDeviceCookie.CookieName] } };
        (await away.LogInAsync("judy")).StatusCode.ShouldBe(303);
        away.Cookies[KnownDeviceCookie.CookieName].ShouldNotBe("");
        // Other users are not affected.
        (await new FormBrowser(server.Host).LogInAsync("lena")).StatusCode.ShouldBe(303);

        // The device cookie is valid for one user and cannot be forged.
        var mikes = new FormBrowser(server.Host);
        (await mikes.LogInAsync("mike")).StatusCode.ShouldBe(303);
        foreach (var cookie in (string[])[mikes.Cookies[KnownDeviceCookie.CookieName], home.Cookies[KnownDeviceCookie.CookieName][..^4]
            + "AAA=", "", "x", home.Cookies["gafaelfawr"]])
        {
            var untrusted = new FormBrowser(server.Host) { Cookies = { [KnownDeviceCookie.CookieName] = cookie } };
            (await untrusted.LogInAsync("judy")).StatusCode.ShouldBe(429);
        }
    }

    /// <summary>An address that only the client itself reports is ignored; otherwise guessing would have no limit.</summary>
    [Fact]
    public async Task An_address_from_an_untrusted_peer_is_ignored()
    {
        await using var server = await TestServer.StartAsync(
            Mode.Embedded, settings => LocalLoginServers.With(settings) with { Proxies = [AddressBlock.Parse("10.0.0.0/8")] });
        for (var i = 0; i < 5; i++)
            (await new FormBrowser(server).LogInAsync("nina", "wrong")).StatusCode.ShouldBe(403);
        (await new FormBrowser(server).LogInAsync("nina")).StatusCode.ShouldBe(429);
        (await new FormBrowser(server).LogInAsync("oscar")).StatusCode.ShouldBe(303);
    }

    private static async Task FailAsync(FormBrowser browser, Answer form, string username, int times)
    {
        for (var i = 0; i < times; i++)
            (await browser.SubmitAsync(form, username, "wrong")).StatusCode.ShouldBe(403);
    }
}
