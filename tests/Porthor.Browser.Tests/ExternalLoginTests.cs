using Microsoft.Playwright;
using Porthor.Server.Configuration;
using Porthor.Testing;

namespace Porthor.Browser.Tests;

/// <summary>A site whose users log in with an external provider and whose groups are in LDAP.</summary>
public sealed class ExternalProviderSite(Chromium chromium) : Site(chromium)
{
    private ExternalProvider? provider;
    private LdapTree? users;

    internal string Provider => provider!.Url;

    private protected override string? ProviderUrl => provider?.Url;

    private protected override async Task PrepareAsync()
    {
        if (ExternalLoginFactAttribute.SkipReason is not null)
            return;
        provider = await ExternalProvider.StartAsync($"{Url}/login");
        users = await LdapTree.CreateAsync();
        await users.AddUserAsync("ada", "Ada Lovelace", "ada@example.com", 4123, 4123);
        await users.AddUserAsync("stranger", "Some Stranger");
        await users.AddGroupAsync("staff", 3000, "ada");
    }

    private protected override PorthorSettings Configure(PorthorSettings settings) => base.Configure(settings) with
    {
        Providers = provider is null ? new ProviderSettings() : new ProviderSettings { Oidc = provider.Settings, Ldap = users!.Settings },
        AfterLogoutUrl = new Uri($"{Url}/public/goodbye"),
    };

    private protected override ValueTask DisposeMoreAsync() => provider is null ? ValueTask.CompletedTask : provider.DisposeAsync();
}

/// <summary>Logins with an external OpenID Connect provider, with its own forms, through the proxy.</summary>
public sealed class ExternalLoginTests(ExternalProviderSite site) : IClassFixture<ExternalProviderSite>
{
    private const string DeepLink = "/api/survey?object=M%2031&view=all";

    [ExternalLoginFact]
    public async Task A_deep_link_is_kept_and_signing_out_revokes_the_session()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync(DeepLink);
        page.Url.ShouldStartWith($"{site.Provider}/interaction/");
        await LogInAsync(page, "ada");
        await page.ShouldHaveUrlAsync(site.Url + DeepLink);
        (await LoginTests.UserAsync(page)).ShouldBe("ada");

        // The page shows the user data from the directory and the scopes of the user's groups.
        await page.GotoAsync("/auth/tokens");
        await page.GetByText("Ada Lovelace").WaitForAsync();
        (await page.Locator(".described li").AllInnerTextsAsync()).ShouldBe(
            ["read:all Can read everything", "user:token Can create and modify user tokens"]);
        var session = await SessionAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign out" }).ClickAsync();
        await page.ShouldHaveUrlAsync($"{site.Url}/public/goodbye");

        // The provider still has a session and shows no form. But the user gets a new Porthor session, also when they go back: the page was
        // not cached, and its session was revoked.
        await page.BackAsync();
        await page.ShouldHaveUrlAsync($"{site.Url}/auth/tokens");
        (await SessionAsync(page)).ShouldNotBe(session);
        (await page.ContentAsync()).ShouldNotContain(session);
        await page.GotoAsync(DeepLink);
        await page.ShouldHaveUrlAsync(site.Url + DeepLink);
        (await LoginTests.UserAsync(page)).ShouldBe("ada");
    }

    /// <summary>The return URL is longer than the size limit of cookies.</summary>
    [ExternalLoginFact]
    public async Task A_long_deep_link_is_kept()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        var link = "/api/survey?object=M%2031&more=".PadRight(7900, 'x');
        await page.GotoAsync(link);
        await LogInAsync(page, "ada");
        await page.ShouldHaveUrlAsync(site.Url + link);
        (await LoginTests.UserAsync(page)).ShouldBe("ada");
    }

    [ExternalLoginFact]
    public async Task A_cancelled_login_and_a_user_without_groups_get_an_error_page()
    {
        await using var browser = await site.OpenAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync("/api/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Cancel" }).ClickAsync();
        await page.ShouldHaveTitleAsync("Authentication error");

        await page.GotoAsync("/api/");
        await LogInAsync(page, "stranger");
        await page.ShouldHaveTitleAsync("Authentication error");
        (await page.GetByText("stranger is not a member of any authorized groups").CountAsync()).ShouldBe(1);
        (await page.GetByRole(AriaRole.Link, new() { Name = "help desk" }).CountAsync()).ShouldBe(1);
    }

    [ExternalLoginFact]
    public async Task A_login_in_one_tab_applies_to_the_other()
    {
        await using var browser = await site.OpenAsync();
        var first = await browser.NewPageAsync();
        var second = await browser.NewPageAsync();
        await first.GotoAsync("/api/first");
        await second.GotoAsync("/api/second");
        await LogInAsync(second, "ada");
        (await LoginTests.UserAsync(second)).ShouldBe("ada");
        await first.ReloadAsync();
        await first.GotoAsync("/api/first");
        (await LoginTests.UserAsync(first)).ShouldBe("ada");
    }

    /// <summary>Returns the key of the session that the token page marks as this browser's.</summary>
    private static Task<string> SessionAsync(IPage page) => page.Locator("tr", new() { HasText = "this browser" }).Locator(".key")
        .InnerTextAsync();

    private static async Task LogInAsync(IPage page, string username)
    {
        await page.Locator("input[name=login]").FillAsync(username);
        await page.Locator("input[name=password]").FillAsync("any will do");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign-in" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
    }
}
