using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

public sealed partial class ClaimLoginTests
{
    /// <summary>For a user with more than 200 groups, Entra ID sends no groups, but a URL for a query.</summary>
    [Fact]
    public async Task Too_many_groups_of_Entra_are_explained()
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded, settings => settings with { UsernameClaim = "preferred_username", UsernameDomain = "example.com" });
        var (_, answer) = await LogInAsync(site, Entra, claims =>
        {
            claims.Remove("groups");
            claims["_claim_names"] = new JsonObject { ["groups"] = "src1" };
            claims["_claim_sources"] = new JsonObject { ["src1"] = new JsonObject { ["endpoint"] = "https://graph.example.com/" } };
        });
        answer.ShouldBeErrorPage(500, $"{Failed}The groups claim is not in the token, because the user is in too many groups");
    }

    /// <param name="json">The value of the claim.</param>
    /// <param name="groups">The expected groups, with their IDs if the claim contains them.</param>
    [Theory]
    [InlineData("""["users","other"]""", "other,users")]
    [InlineData("""["users","users"]""", "users")]
    [InlineData("\"users\"", "users")]
    [InlineData("\"users other,more; most\"", "more,most,other,users")]
    [InlineData("\"users, other\"", "other,users")]
    [InlineData("""[{"name":"users","id":77},{"name":"other","id":"78"},{"name":"third"}]""", "other,third,users")]
    [InlineData("""["users",{"name":"other","id":5}]""", "other,users")]
    [InlineData("""["users","CO:members:all","5","-x",""]""", "users")]
    public async Task Groups_are_accepted_in_several_formats(string json, string groups)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        (await GroupsAsync(site, "{}", claims => claims["groups"] = JsonNode.Parse(json))).ShouldBe(groups.Split(','));
    }

    [Fact]
    public async Task Ids_of_groups_are_kept()
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded);
        var (browser, _) = await LogInAsync(site, "{}", claims => claims["groups"] = JsonNode.Parse(
            """[{"name":"users","id":77},{"name":"other","id":"78"},{"name":"none","id":0}]"""));
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("groups").GetRawText().ShouldBe(
            """[{"name":"none","id":2000000},{"name":"other","id":78},{"name":"users","id":77}]""");
    }

    /// <summary>A claim whose name has dots takes precedence over a path.</summary>
    [Fact]
    public async Task A_name_with_dots_is_a_claim_or_a_path()
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded, settings => settings with { GroupsClaim = "https://example.com/groups", NameClaim = "a.b.c" });
        var (browser, _) = await LogInAsync(site, """{"https://example.com/groups":["users"],"a":{"b":{"c":"Deep Name"}}}""");
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("name").GetString().ShouldBe("Deep Name");
        (browser, _) = await LogInAsync(
            site, """{"https://example.com/groups":["users"],"a":{"b":{"c":"Deep Name"}},"a.b.c":"Literal Name"}""");
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("name").GetString().ShouldBe("Literal Name");
        (browser, _) = await LogInAsync(site, """{"https://example.com/groups":["users"],"a":{"b":"no object"}}""");
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.TryGetProperty("name", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("uid-number", "\"x\"")]
    [InlineData("uid-number", "0")]
    [InlineData("uid-number", "-5")]
    [InlineData("uid-number", "4294967295")]
    [InlineData("uid-number", "1.5")]
    [InlineData("uid-number", "[5]")]
    [InlineData("name", "5")]
    [InlineData("name", "[\"x\"]")]
    [InlineData("email", "{}")]
    [InlineData("groups", "5")]
    [InlineData("groups", "{\"users\":true}")]
    [InlineData("groups", "[5]")]
    [InlineData("groups", "[{\"id\":5}]")]
    public async Task A_claim_of_the_wrong_kind_is_explained(string claim, string json)
    {
        await using var site = await LoginSite.WithClaimsAsync(Mode.Embedded, settings => settings with { UidClaim = "uid-number" });
        var (_, answer) = await LogInAsync(site, """{"groups":["users"]}""", claims => claims[claim] = JsonNode.Parse(json));
        answer.StatusCode.ShouldBe(500);
        answer.Body.ShouldContain($"{Failed}Invalid {claim} claim in token: ");
    }
}
