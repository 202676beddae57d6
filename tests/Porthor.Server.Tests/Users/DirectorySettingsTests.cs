using System.Text.Json;
using Porthor.Identity;
using Porthor.Ldap;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Ingress;
using Porthor.Server.Tests.Login;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>Other settings of the directory: LGO-012, LGO-014; ING-035, TOK-030.</summary>
public sealed class DirectorySettingsTests
{
    /// <summary>LGO-012</summary>
    [LdapFact]
    public async Task Disabled_attributes_are_not_returned()
    {
        await using var servers = new CustomLdapServers(settings => settings with { NameAttr = null, EmailAttr = null, GidAttr = null });
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("quiet", "Not Told", "not-told@example.com", 1, 2);
        await servers.Tree.AddGroupAsync("primary", 2);
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("quiet"))).ShouldBe(
            200, """{"username":"quiet","uid":1,"groups":[]}""");
        (await server.Host.Core.Users.GetGroupNamesAsync("quiet", UserData.None, TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    /// <summary>LGO-014</summary>
    [LdapFact]
    public async Task Members_can_be_listed_by_their_usernames()
    {
        await using var servers = new CustomLdapServers(
            settings => settings with { GroupSearchByDn = false, GroupMemberAttr = "memberName" });
        await servers.InitializeAsync();
        await servers.Tree.AddGroupAsync("team", 9, "bare");
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("bare"))).ShouldBe(
            200, """{"username":"bare","groups":[{"name":"team","id":9}]}""");
    }

    [LdapFact]
    public async Task Without_a_user_base_DN_only_groups_are_looked_up()
    {
        await using var servers = new CustomLdapServers(
            settings => settings with { UserBaseDn = "", GroupSearchByDn = false, GroupMemberAttr = "memberName" });
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("nobody", "Never Told");
        await servers.Tree.AddGroupAsync("team", 9, "nobody");
        var server = await servers.GetAsync(Mode.Embedded);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("nobody"))).ShouldBe(
            200, """{"username":"nobody","groups":[{"name":"team","id":9}]}""");
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(200, "[]");
        (await server.GetAsync("/users/nobody", admin.Cookie)).ShouldBe(200, """{"username":"nobody"}""");
    }

    /// <summary>ING-035, TOK-030; and UIDs that are invalid for users.</summary>
    [LdapTheory]
    [InlineData("bogus")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("99999999999999999999")]
    public async Task An_invalid_entry_is_an_error_and_not_an_outage(string number)
    {
        await using var slack = new RecordingServer();
        await using var servers = new CustomLdapServers(settings => settings with { UidAttr = "employeeNumber" }, slack.Url);
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("odd", "Odd", "odd@example.com", attributes: ("employeeNumber", number));
        await servers.Tree.AddUserAsync("even", attributes: ("employeeNumber", "2"));
        var server = await servers.GetAsync(Mode.Embedded);
        var odd = await server.CreateSessionAsync("odd");
        // No other session exists that the health check could use.
        (await server.SendAsync(HttpMethod.Get, "/health")).StatusCode.ShouldBe(200);
        var admin = await server.CreateSessionAsync("admin", "admin:userinfo");
        const string refused = """{"detail":[{"msg":"Unable to get user information","type":"user_info_failed"}]}""";
        // Operators get an alert, but not for every authorization subrequest.
        var first = await server.GetUserInfoAsync(odd);
        await RealServers.WaitUntilAsync(() => Task.FromResult(slack.Requests.Single()), "the alert");
        var alert = JsonDocument.Parse(slack.Requests[0].Text).RootElement.GetProperty("blocks");
        alert[0].GetProperty("text").GetProperty("text").GetString().ShouldBe("Error in Gafaelfawr: LDAP user entry invalid");
        string?[] fields = [.. alert[1].GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("text").GetString())];
        (fields[0], fields[^1]).ShouldBe(("*Exception type*\nLDAPError", "*User*\nodd"));
        (await server.AuthorizeAsync("", odd.Cookie)).StatusCode.ShouldBe(500);
        foreach (var answer in (Answer[])[
            first, await server.AuthorizeAsync("", odd.Cookie), await server.GetAsync("/users/odd", admin.Cookie),
            await server.SendAsync(HttpMethod.Get, "/auth/gms", json: null, odd.Cookie),
            // The answer is the same if no data of the entry are needed.
            await server.AuthorizeAsync("", (await server.LogInAsync("odd", user: new() { Email = "told@example.com" })).Cookie)])
        {
            answer.ShouldBe(500, refused);
            answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
            answer.Header("X-Error-Status").ShouldBeNull();
        }
        var lines = server.LinesSince(0, "LDAP user entry invalid");
        lines[0].GetProperty("error").GetString().ShouldBe($"employeeNumber is {number}");
        server.LinesSince(0, "Unable to get user information")[0].GetProperty("error").GetString().ShouldBe("LDAP user entry invalid");

        // Lists omit the invalid entry and contain all others.
        (await server.GetAsync("/users", admin.Cookie)).ShouldBe(200, """[{"username":"even","uid":2}]""");
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("even"))).ShouldBe(
            200, """{"username":"even","uid":2,"groups":[]}""");
        // After the correction the entry is used at once: errors are not cached.
        await servers.Tree.ReplaceAsync("odd", "employeeNumber", "3");
        (await server.GetUserInfoAsync(odd)).Json.GetProperty("uid").GetInt64().ShouldBe(3);
    }

    internal sealed class CustomLdapServers(Func<LdapSettings, LdapSettings> configure, Uri? slack = null) : LdapServers
    {
        internal override PorthorSettings Configure(PorthorSettings settings) =>
            base.Configure(settings) with { Slack = new SlackSettings(Webhook: slack is null ? null : new Secret(slack.AbsoluteUri)) };

        internal override LdapSettings Configure(LdapSettings settings) => configure(settings);
    }
}
