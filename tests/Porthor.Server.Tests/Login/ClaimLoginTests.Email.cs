using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class ClaimLoginTests
{
    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\"a@example.com\\r\\nX-Header: x\"")]
    public async Task An_invalid_email_address_is_omitted(string json)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        var (browser, answer) = await LogInAsync(site, """{"groups":["users"]}""", claims => claims["email"] = JsonNode.Parse(json));
        answer.ShouldRedirectTo(LoginSite.Destination);
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.TryGetProperty("email", out _).ShouldBeFalse();
    }

    /// <summary>An address that the provider has not verified is not used.</summary>
    [Fact]
    public async Task An_unverified_email_address_is_omitted()
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded, settings => settings with { UsernameClaim = "preferred_username" });
        var (browser, answer) = await LogInAsync(site, Keycloak, claims => claims["email_verified"] = false);
        answer.ShouldRedirectTo(LoginSite.Destination);
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.TryGetProperty("email", out _).ShouldBeFalse();
    }
}
