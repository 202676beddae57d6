using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Web;

/// <summary>The form for a new token, and the page that shows it once.</summary>
public sealed partial class NewTokenPageTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Both = "A token expires after a time or on a date, not both. Select \"on a date\" above, or remove the date.";

    [Theory, EveryMode]
    public async Task A_token_is_created_and_shown_once(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("maker", "user:token,read:all,read:some");
        var made = await server.CreateTokenOnPageAsync(browser, "  my laptop ", "read:all", "read:some");
        var token = PageClient.TokenOn(made);
        made.Answer.Header("Location").ShouldBeNull();
        made.Text.ShouldContain("Token created. It will not be shown again.");

        // The token works and has the requested fields.
        var info = (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json;
        info.GetProperty("token_name").GetString().ShouldBe("my laptop");
        info.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(["read:all", "read:some"]);
        info.GetProperty("expires").GetInt64().ShouldBe(server.Now + 86400);
        info.GetProperty("token_type").GetString().ShouldBe("user");
        // Later pages show only its key.
        foreach (var path in (string[])[PageClient.Tokens, "/auth/tokens/history", PageClient.RevokePage(token.Key)])
        {
            var page = await server.OpenAsync(browser, path);
            page.Answer.Body.ShouldContain(token.Key.Value);
            page.Answer.Body.ShouldNotContain(token.Reveal().Split('.')[1]);
        }
    }

    [Theory, EveryMode]
    public async Task Only_scopes_of_the_session_are_offered_and_granted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("narrow", "user:token,read:all,not:known");
        var form = await server.OpenAsync(browser, PageClient.NewToken);
        form.TextsOf("label.choice").ShouldBe(["read:all Can read everything", "user:token Can create and modify user tokens"]);
        form.Document.QuerySelectorAll<IHtmlInputElement>("label.choice input").ShouldAllBe(box => !box.IsChecked);
        foreach (var (scope, description) in (IEnumerable<(string, string)>)[
            ("read:some", "Requested scopes are broader than your current scopes: read:some."),
            ("admin:token", "Requested scopes are broader than your current scopes: admin:token."),
            ("not:known", "Unknown scopes requested: not:known."),
            ("<script>", "Requested scopes are broader than your current scopes: <script>.")])
        {
            var refused = await server.CreateTokenOnPageAsync(browser, "too much", scope, "read:all");
            refused.StatusCode.ShouldBe(422);
            refused.ErrorOf("scopes")!.ShouldStartWith(description);
            // The entered data are shown again.
            refused.Document.QuerySelector<IHtmlInputElement>("#name")!.Value.ShouldBe("too much");
            refused.Document.QuerySelector<IHtmlInputElement>("input[value='read:all']")!.IsChecked.ShouldBeTrue();
            refused.Document.QuerySelector<IHtmlOptionElement>("option[selected]")!.Value.ShouldBe("86400");
        }
        (await server.GetAsync("/users/narrow/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);
    }

    /// <summary>Validation errors of the operation and of the form itself.</summary>
    [Theory, EveryMode]
    public async Task An_error_is_shown_next_to_its_field(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("careless");
        await server.CreateTokenAsync(browser, "taken");
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        foreach (var (fields, field, message) in (IEnumerable<((string, string)[], string, string)>)[
            ([("lifetime", "86400")], "name", "A token needs a name."),
            ([("name", " "), ("lifetime", "86400")], "name", "A token needs a name."),
            ([("name", new string('n', 65)), ("lifetime", "86400")], "name", "String should have at most 64 characters."),
            ([("name", "taken"), ("lifetime", "86400")], "name", "Token name taken already used."),
            ([("name", "x")], "lifetime", "Select when the token expires."),
            ([("name", "x"), ("lifetime", "soon")], "lifetime", "Select when the token expires."),
            ([("name", "x"), ("lifetime", "-5")], "lifetime", "Select when the token expires."),
            ([("name", "x"), ("lifetime", "9223372036854775807")], "lifetime", "Select when the token expires."),
            ([("name", "x"), ("lifetime", "299")], "lifetime", "Token must be valid for at least five minutes."),
            ([("name", "x"), ("lifetime", "day")], "until", "Enter a date."),
            ([("name", "x"), ("lifetime", "day"), ("until", "tomorrow")], "until", "This is not a valid date. Enter it as 2026-12-31."),
            ([("name", "x"), ("lifetime", "day"), ("until", "9999-12-31")], "until", "This is not a valid date. Enter it as 2026-12-31."),
            ([("name", "x"), ("lifetime", "2592000"), ("until", "2030-12-31")], "until", Both),
            ([("name", "x"), ("lifetime", "never"), ("until", "2030-12-31")], "until", Both),
            ([("name", "x"), ("lifetime", "86400"), ("until", "tomorrow")], "until", Both),
            ([("name", "x"), ("lifetime", "86400"), ("lifetime", "never")], "lifetime", "Select one choice."),
            ([("name", "x"), ("lifetime", "day"), ("until", "2030-12-31"), ("until", "2031-12-31")], "until", "Enter one date."),
            ([("name", "x"), ("lifetime", "day"), ("until", "2020-02-29")], "until", "Token must be valid for at least five minutes.")])
        {
            var form = await server.OpenAsync(browser, PageClient.NewToken);
            var refused = await server.SubmitAsync(browser, form, fields);
            refused.StatusCode.ShouldBe(field == "name" && message.StartsWith("Token name", StringComparison.Ordinal) ? 409 : 422);
            refused.ErrorOf(field).ShouldBe(message);
            refused.Document.GetElementById(field)!.GetAttribute("aria-invalid").ShouldBe("true");
            refused.Document.QuerySelectorAll("[id$=-error]").Length.ShouldBe(1);
            refused.TextOf("[role=alert]").ShouldBe("No token was created. Correct the errors below.");
        }
        // A browser cannot send NUL in a form, and ASP.NET Core rejects it.
        (await server.CreateTokenOnPageAsync(browser, "nul\0")).StatusCode.ShouldBe(400);
        (await server.GetAsync("/users/careless/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(2);
    }

    /// <summary>Names, and user data of a login, can contain any text.</summary>
    [Theory, EveryMode]
    public async Task Hostile_texts_are_escaped(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        const string hostile = "\"><img src=x onerror=alert(1)>'&lt;</td>猫";
        // The data of a directory are not checked, but a token's name must not contain invisible characters.
        var browser = await server.LogInAsync("hostile", user: new() { Name = hostile + "\u202e", Email = hostile });
        var made = await server.CreateTokenOnPageAsync(browser, hostile);
        var token = PageClient.TokenOn(made);
        var caller = await server.Host.Tokens.CallerAsync(browser.Session);
        await server.Host.Tokens.GetInternalTokenAsync(caller, hostile, ScopeSet.Empty);
        foreach (var path in (string[])[PageClient.Tokens, "/auth/tokens/history", PageClient.RevokePage(token.Key)])
        {
            var page = await server.OpenAsync(browser, path);
            page.StatusCode.ShouldBe(200);
            page.Document.QuerySelectorAll("main img, main script").ShouldBeEmpty();
            page.Text.ShouldContain(hostile);
        }
        made.Text.ShouldContain(hostile);
        // The text is also escaped in a form field that is shown again.
        var refused = await server.CreateTokenOnPageAsync(browser, hostile + hostile[..5], "admin:token");
        refused.Document.QuerySelector<IHtmlInputElement>("#name")!.Value.ShouldBe(hostile + hostile[..5]);
    }
}
