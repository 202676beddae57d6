using System.Text.Json;
using System.Text.Json.Nodes;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>Tests logins without LDAP. All user data come from the claims of ID tokens, in the formats of well-known providers.</summary>
public sealed partial class ClaimLoginTests
{
    private const string Failed = "Authentication provider failed: OpenID Connect token verification failed: ";

    /// <summary>A token of Keycloak with the mappers for groups (full path) and numeric attributes, and its own roles.</summary>
    private const string Keycloak = """
        {"auth_time":1782907190,"jti":"5f9c1c3e-3b0e-4c5f-9b8a-2f6d5c1f7a10","sub":"f:1b2c:ada",
         "typ":"ID","azp":"some-client","sid":"3e0f","at_hash":"Wzq1","acr":"1",
         "email_verified":true,"name":"Ada Lovelace","preferred_username":"ada",
         "given_name":"Ada","family_name":"Lovelace","email":"ada@example.com",
         "uidNumber":4123,"gidNumber":"4200","groups":["/users","/admins","/dept/secret"],
         "realm_access":{"roles":["default-roles-example","offline_access","users"]},
         "resource_access":{"account":{"roles":["manage-account"]}}}
        """;

    /// <summary>A token of Entra ID (v2.0) with the groups claim as object ids, and app roles.</summary>
    private const string Entra = """
        {"aio":"AVQ","idp":"https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/",
         "name":"Grace Hopper","oid":"00000000-0000-0000-66f3-3332eca7ea81",
         "preferred_username":"Grace@Example.com","rh":"0.AX","sub":"AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
         "tid":"9122040d-6c67-4c5b-b112-36a304b66dad",
         "uti":"fqiBqXLPj0eQa82S","ver":"2.0","roles":["users"],
         "groups":["7ae8cb8f-8e25-4a83-b2c6-0b1a0b3ac7f7","0e129f5b-6b0a-4944-982d-f776045632af"]}
        """;

    /// <summary>A token of Google for a member of a Workspace organization.</summary>
    private const string Google = """
        {"azp":"some-client","sub":"110169484474386276334","hd":"example.com",
         "email":"alan@example.com","email_verified":true,"at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q",
         "name":"Alan Turing","picture":"https://example.com/p.jpg","given_name":"Alan","family_name":"Turing"}
        """;

    [Theory, EveryMode]
    public async Task A_user_of_Keycloak_logs_in(Mode mode)
    {
        await using var site = await LoginSite.WithClaimsAsync(
            mode, settings => settings with { UsernameClaim = "preferred_username", UidClaim = "uidNumber", GidClaim = "gidNumber" });
        var (browser, answer) = await LogInAsync(site, Keycloak);
        answer.ShouldRedirectTo(LoginSite.Destination);
        // Groups without a GID at the provider get one from Porthor and keep it.
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Body.ShouldBe(
            """{"username":"ada","name":"Ada Lovelace","email":"ada@example.com","uid":4123,"gid":4200,"groups":["""
                + """{"name":"admins","id":2000001},{"name":"users","id":2000000}]}""");
        (await browser.AuthorizeAsync("?scope=exec:admin")).ShouldBe(200);
        var warning = site.Lines("Ignoring invalid groups").Single();
        warning.GetProperty("invalid_groups").EnumerateObject().Select(group => group.Name).ShouldBe(["dept/secret"]);

        var line = site.Lines("Successfully authenticated user ada").Single();
        line.GetProperty("token_scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(
            ["exec:admin", "read:all", "user:token"]);
        (await (await LogInAsync(site, Keycloak)).Browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("groups")[1]
            .GetProperty("id")
            .GetInt64().ShouldBe(2000000);
    }

    [Fact]
    public async Task Roles_of_Keycloak_can_be_groups()
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded, settings => settings with { UsernameClaim = "preferred_username", GroupsClaim = "realm_access.roles" });
        (await GroupsAsync(site, Keycloak)).ShouldBe(["default-roles-example", "offline_access", "users"]);
    }

    [Theory]
    [InlineData("roles", "users")]
    [InlineData("groups", "0e129f5b-6b0a-4944-982d-f776045632af,7ae8cb8f-8e25-4a83-b2c6-0b1a0b3ac7f7")]
    public async Task A_user_of_Entra_logs_in(string claim, string groups)
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded,
            settings => settings with { UsernameClaim = "preferred_username", UsernameDomain = "example.com", GroupsClaim = claim },
            settings => settings with
            {
                GroupMapping = new Dictionary<string, IReadOnlyList<string>>
                {
                    ["read:all"] = ["users", "7ae8cb8f-8e25-4a83-b2c6-0b1a0b3ac7f7"],
                },
                Providers = settings.Providers with { AllocateIds = true },
            });
        var (browser, answer) = await LogInAsync(site, Entra);
        answer.ShouldRedirectTo(LoginSite.Destination);
        var user = (await browser.NavigateAsync("/auth/api/v1/user-info")).Json;
        (user.GetProperty("username").GetString(), user.GetProperty("name").GetString(), user.GetProperty("uid").GetInt64())
            .ShouldBe(("grace", "Grace Hopper", 3000000));
        string.Join(',', Names(user)).ShouldBe(groups);
    }

    /// <summary>Google sends no groups; the organization is used as a group.</summary>
    [Fact]
    public async Task A_user_of_Google_logs_in()
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded,
            settings => settings with { UsernameClaim = "email", UsernameDomain = "example.com", GroupsClaim = "hd" },
            settings => settings with { GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["read:all"] = ["example.com"] } });
        var (browser, answer) = await LogInAsync(site, Google);
        answer.ShouldRedirectTo(LoginSite.Destination);
        (await browser.NavigateAsync("/auth/api/v1/user-info")).Body.ShouldBe(
            """{"username":"alan","name":"Alan Turing","email":"alan@example.com","groups":[{"name":"example.com","id":2000000}]}""");

        // A user of another organization, and a user with an unverified email address.
        (await LogInAsync(site, Google, claims => claims["email"] = "alan@evil.example.org")).Answer
            .ShouldBeErrorPage(403, "Cannot authenticate: Invalid username in email claim in token: alan@evil.example.org");
        (await LogInAsync(site, Google, claims => claims["email_verified"] = false)).Answer
            .ShouldBeErrorPage(403, "Cannot authenticate: The e-mail address alan@example.com is not verified");
        (await LogInAsync(site, Google, claims => claims.Remove("hd"))).Answer
            .ShouldBeErrorPage(403, "User unauthorized: alan is not a member of any authorized groups");
    }

    [Theory]
    [InlineData("alan@example.com", "alan")]
    [InlineData("Alan@EXAMPLE.com", "alan")]
    [InlineData("alan@example.com.evil.org", null)]
    [InlineData("alan@notexample.com", null)]
    [InlineData("alan@sub.example.com", null)]
    [InlineData("alan@evil.org@example.com", null)]
    [InlineData("alan", null)]
    [InlineData("@example.com", null)]
    [InlineData("a.turing@example.com", null)]
    [InlineData("alan+x@example.com", null)]
    public async Task A_domain_is_removed_from_usernames(string claimed, string? username)
    {
        await using var site = await LoginSite.WithClaimsAsync(
            Mode.Embedded, settings => settings with { UsernameClaim = "upn", UsernameDomain = "example.com" });
        var (browser, answer) = await LogInAsync(site, "{}", claims => (claims["upn"], claims["groups"]) = (claimed, "users"));
        answer.StatusCode.ShouldBe(username is null ? 403 : 307, answer.Body);
        if (username is not null)
            (await browser.NavigateAsync("/auth/api/v1/user-info")).Json.GetProperty("username").GetString().ShouldBe(username);
    }

    private static async Task<string[]> GroupsAsync(LoginSite site, string token, Action<JsonObject>? change = null)
    {
        var (browser, answer) = await LogInAsync(site, token, change);
        answer.ShouldRedirectTo(LoginSite.Destination);
        return [.. Names((await browser.NavigateAsync("/auth/api/v1/user-info")).Json)];
    }

    private static IEnumerable<string> Names(JsonElement user) =>
        user.GetProperty("groups").EnumerateArray().Select(group => group.GetProperty("name").GetString()!);

    /// <param name="token">Claims beside those of the protocol.</param>
    private static Task<(LoginBrowser Browser, Answer Answer)> LogInAsync(
        LoginSite site, string token, Action<JsonObject>? change = null) =>
        site.LogInByOidcAsync(change: claims =>
        {
            foreach (var (name, value) in JsonNode.Parse(token)!.AsObject())
                claims[name] = value?.DeepClone();
            change?.Invoke(claims);
        });
}
