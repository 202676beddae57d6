using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Web;

public sealed partial class NewTokenPageTests
{
    [Theory, EveryMode]
    public async Task A_token_can_expire_on_a_day_or_never(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("planner");
        var form = await server.OpenAsync(browser, PageClient.NewToken);
        form.TextsOf("option").ShouldBe(["in a day", "in 7 days", "in 30 days", "in 90 days", "in a year", "on a date", "never"]);
        form.TextOf("option[selected]").ShouldBe("in 30 days");

        var day = PageClient.TokenOn(
            await server.SubmitAsync(browser, form, [("name", "for a while"), ("lifetime", "day"), ("until", "2030-12-31")]));
        (await server.GetAsync("/token-info", TestServer.Bearer(day))).Json.GetProperty("expires").GetInt64()
            .ShouldBe(new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds());
        var never = PageClient.TokenOn(await server.SubmitAsync(browser, form, [("name", "for ever"), ("lifetime", "never")]));
        (await server.GetAsync("/token-info", TestServer.Bearer(never))).Json.TryGetProperty("expires", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_maximum_lifetime_limits_the_offered_choices()
    {
        await using var server = await ApiServer.StartAsync(
            Mode.Embedded, settings =>
                settings with { Tokens = settings.Tokens with { Policy = new() { MaxUserLifetime = TimeSpan.FromDays(10) } } });
        var browser = await server.LogInAsync("bounded");
        var form = await server.OpenAsync(browser, PageClient.NewToken);
        form.TextsOf("option").ShouldBe(["in a day", "in 7 days", "in 10 days", "on a date"]);
        form.TextOf("option[selected]").ShouldBe("in 10 days");
        PageClient.TokenOn(await server.SubmitAsync(browser, form, [("name", "longest"), ("lifetime", "864000")]));
        var refused = await server.SubmitAsync(browser, form, [("name", "longer"), ("lifetime", "864001")]);
        refused.ErrorOf("lifetime").ShouldBe("Tokens of type user must expire within 864000 seconds.");
    }

    /// <summary>A browser asks before it sends a form again, and users confirm.</summary>
    [Theory, EveryMode]
    public async Task A_form_that_is_sent_again_creates_no_second_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("impatient");
        var form = await server.OpenAsync(browser, PageClient.NewToken);
        (string, string)[] fields = [("name", "once"), ("lifetime", "86400")];
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => server.SubmitAsync(browser, form, fields)));
        var token = PageClient.TokenOn(answers.Where(answer => answer.StatusCode == 201).ShouldHaveSingleItem());
        foreach (var answer in answers.Where(answer => answer.StatusCode != 201))
            ShouldReport(answer, token.Key.Value);

        server.Clock.Advance(TimeSpan.FromSeconds(2));
        ShouldReport(await server.SubmitAsync(browser, form, fields), token.Key.Value);
        (await server.GetAsync("/users/impatient/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(2);

        // The form creates no token even if the name is available again.
        (await server.DeleteAsync($"/users/impatient/tokens/{token.Key}", browser.WriteHeaders)).StatusCode.ShouldBe(204);
        ShouldReport(await server.SubmitAsync(browser, form, fields), token.Key.Value);
        (await server.GetAsync("/users/impatient/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);

        // A new form creates a new token.
        PageClient.TokenOn(await server.CreateTokenOnPageAsync(browser, "once"));

        static void ShouldReport(PageAnswer answer, string key)
        {
            answer.StatusCode.ShouldBe(409);
            answer.Title.ShouldBe("Token already created");
            answer.Text.ShouldContain($"once ({key}) was created on");
            answer.Document.QuerySelectorAll("#token").ShouldBeEmpty();
        }
    }
}
