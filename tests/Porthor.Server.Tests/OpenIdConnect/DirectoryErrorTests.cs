using Porthor.Ldap;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Login;
using Porthor.Server.Tests.Users;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>
/// Claims whose values the directory cannot provide. The answer is 503 only if the directory does not respond: a client would repeat the
/// request in vain for an entry that must be corrected.
/// </summary>
public sealed class DirectoryErrorTests
{
    [LdapFact]
    public async Task An_invalid_entry_gives_500_without_a_retry()
    {
        var tree = await LdapTree.CreateAsync();
        await using var server = await StartAsync(tree.Settings with { UidAttr = "employeeNumber" });
        await tree.AddUserAsync("broken", "Broken User", attributes: ("employeeNumber", "not a number"));
        foreach (var answer in await AnswersAsync(server, "broken"))
        {
            answer.StatusCode.ShouldBe(500);
            answer.Body.ShouldBe("Internal Server Error");
            answer.Header("Content-Type").ShouldBe("text/plain; charset=utf-8");
            answer.Header("Retry-After").ShouldBeNull();
        }
        var lines = server.LinesSince(0, "Unable to get user information");
        lines.Count.ShouldBe(2);
        lines.ShouldAllBe(line => line.GetProperty("error").GetString() == "LDAP user entry invalid");
    }

    [Fact]
    public async Task A_directory_that_does_not_respond_gives_503()
    {
        await using var server = await StartAsync(new LdapSettings
        {
            Url = $"ldap://127.0.0.1:{RealServers.FreePort()}",
            GroupBaseDn = "dc=x",
            GroupObjectClass = "x",
            GroupMemberAttr = "x",
            UserBaseDn = "dc=x",
            UserSearchAttr = "uid",
            NameAttr = "displayName",
        });
        foreach (var answer in await AnswersAsync(server, "unread"))
        {
            answer.ShouldBe(503, """{"error":"temporarily_unavailable","error_description":"Unable to get user information"}""");
            answer.Header("Retry-After").ShouldBe("1");
        }
    }

    private static Task<ApiServer> StartAsync(LdapSettings ldap) => ApiServer.StartAsync(
        Mode.Embedded, settings => OpenIdServers.WithProvider(settings) with { Providers = new ProviderSettings { Ldap = ldap } });

    /// <summary>Returns the answers of the token endpoint and of userinfo for a user without data in the token.</summary>
    private static async Task<Answer[]> AnswersAsync(ApiServer server, string username)
    {
        var client = await server.RegisterAsync();
        var browser = await server.CreateSessionAsync(username);
        var code = await server.CodeAsync(browser, client);
        var caller = await server.Host.Tokens.CallerAsync(browser.Session);
        var access = TestServer.Bearer(await server.Host.Tokens.CreateOidcTokenAsync(caller));
        return [await server.RedeemAsync(FormOf(client, code)), await server.UserInfoAsync(access)];
    }
}
