using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class OidcLoginTests
{
    /// <summary>LGO-007, LGO-016, and a username that looks like a number.</summary>
    [LdapFact]
    public async Task Unusual_names_are_accepted()
    {
        await using var site = await LoginSite.WithOidcAsync(Mode.Embedded);
        await site.Tree.AddUserAsync("99digits99", "名字 Ünï", uid: 1001, gid: 1001);
        await site.Tree.AddGroupAsync("more-users", 2001, "99digits99");
        await site.Tree.AddGroupAsync("admins", 2002, "99digits99");
        var browser = new LoginBrowser(site);
        await browser.NavigateAsync("/login", ("X-Auth-Request-Redirect", LoginSite.Destination));
        (await browser.ReturnAsync(site.Oidc.Authorize(browser.Location!, "99digits99"))).ShouldRedirectTo(LoginSite.Destination);
        var user = (await browser.NavigateAsync("/auth/api/v1/user-info")).Json;
        user.GetProperty("name").GetString().ShouldBe("名字 Ünï");
        user.TryGetProperty("email", out _).ShouldBeFalse();
    }

    /// <summary>LGO-015.</summary>
    [LdapFact]
    public async Task The_username_can_be_in_another_claim()
    {
        await using var site = await LoginSite.WithOidcAsync(
            Mode.Embedded, settings => settings with { UsernameClaim = "preferred_username" });
        (await site.LogInByOidcAsync(
            "wrong-one", claims => claims["preferred_username"] = "some-user")).Answer.ShouldRedirectTo(LoginSite.Destination);
        site.Lines("Successfully authenticated user some-user").Count.ShouldBe(1);
    }
}
