using System.Diagnostics;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Server.Tests.Ingress;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>The responses while the directory is unavailable; src/Porthor/Users/README.md lists the requests that need it.</summary>
public sealed partial class OutageTests
{
    private const string Unknown = "Unable to get user information";

    [Theory]
    [InlineData("killed")]
    [InlineData("silent")]
    public async Task Only_requests_that_need_the_directory_fail_and_none_waits_long(string how)
    {
        await using var ldap = await StartLdapAsync();
        await using var servers = new FailingDirectoryServers(ldap);
        await servers.InitializeAsync();
        var server = await servers.GetAsync(Mode.Embedded);
        await servers.Tree.AddUserAsync("known", mail: "known@example.com");
        await servers.Tree.AddUserAsync("never-seen", mail: "never@example.com");
        await servers.Tree.AddGroupAsync("vips", 7, "known");
        var (known, unseen) = (await server.CreateSessionAsync("known"), await server.CreateSessionAsync("never-seen"));
        (await server.AuthorizeAsync("?service=other", known.Cookie)).Header("X-Auth-Request-Email").ShouldBe("known@example.com");
        if (how == "killed")
            await ldap.KillAsync();
        else
            ldap.Pause();

        // A user who was looked up before is allowed with cached data, within the five minutes and in the grace period after them.
        foreach (var later in (int[])[0, 301, 3000])
        {
            server.Clock.Advance(TimeSpan.FromSeconds(later));
            var passed = await ShouldAnswerInTimeAsync(server.AuthorizeAsync("?service=other", known.Cookie));
            passed.ShouldBeAllowed();
            passed.Header("X-Auth-Request-Email").ShouldBe("known@example.com");
            // The user is a member of a group without limits.
            passed.Header("X-RateLimit-Limit").ShouldBeNull();
            (await server.GetUserInfoAsync(known)).StatusCode.ShouldBe(200);
        }

        // A user who was not looked up is neither allowed without an email address nor denied with 401 or 403.
        var refused = await ShouldAnswerInTimeAsync(server.AuthorizeAsync("", unseen.Cookie));
        refused.StatusCode.ShouldBe(503, refused.Body);
        refused.Header("X-Error-Status").ShouldBe("503");
        refused.Header("Retry-After").ShouldBe("1");
        refused.Header("X-Auth-Request-User").ShouldBeNull();

        // User data in the token need no directory: an email address is sufficient if no groups are needed.
        var userInToken = await server.LogInAsync("told", user: new() { Email = "told@example.com" });
        (await ShouldAnswerInTimeAsync(server.AuthorizeAsync("", userInToken.Cookie))).Header("X-Auth-Request-Email")
            .ShouldBe("told@example.com");
        var member = await server.LogInAsync("member", user: new() { Email = "member@example.com", Groups = [new("vips", 7)] });
        (await ShouldAnswerInTimeAsync(server.AuthorizeAsync("?service=other", member.Cookie))).ShouldBeAllowed();
        // Here groups are needed: members of the group have no limits.
        (await ShouldAnswerInTimeAsync(server.AuthorizeAsync("?service=other", userInToken.Cookie))).StatusCode.ShouldBe(503);

        // The grace period ends.
        server.Clock.Advance(TimeSpan.FromSeconds(1000));
        (await ShouldAnswerInTimeAsync(server.AuthorizeAsync("", known.Cookie))).StatusCode.ShouldBe(503);

        // The directory is available again, and all requests work as before.
        if (how == "killed")
            await ldap.RestartAsync();
        else
            ldap.Resume();
        await RealServers.WaitUntilAsync(
            async () => (await server.AuthorizeAsync("", known.Cookie)).ShouldBeAllowed(), "the known user to be allowed");
        (await server.AuthorizeAsync("", unseen.Cookie)).Header("X-Auth-Request-Email").ShouldBe("never@example.com");
    }

    [Fact]
    public async Task The_API_answers_500_and_a_login_uses_no_cached_groups()
    {
        await using var ldap = await StartLdapAsync();
        await using var servers = new FailingDirectoryServers(ldap);
        await servers.InitializeAsync();
        var server = await servers.GetAsync(Mode.Embedded);
        await servers.Tree.AddGroupAsync("staff", 8, "leaver");
        var (user, admin) = (await server.CreateSessionAsync("user"), await server.CreateSessionAsync("admin", "admin:userinfo"));
        var users = server.Host.Core.Users;
        (await users.GetGroupNamesAsync("leaver", UserData.None, TestContext.Current.CancellationToken)).ShouldBe(["staff"]);
        (await server.SendAsync(HttpMethod.Get, "/health/ready")).Body.ShouldContain("\"name\":\"LDAP\",\"state\":\"up\"");
        await ldap.KillAsync();

        (await users.GetGroupNamesAsync("leaver", UserData.None, TestContext.Current.CancellationToken)).ShouldBe(["staff"]);
        server.Clock.Advance(TimeSpan.FromSeconds(301));
        var failure = await Should.ThrowAsync<UserDirectoryException>(
            async () => await users.GetGroupNamesAsync("leaver", UserData.None, TestContext.Current.CancellationToken));
        (failure.Reason, failure.IsUnavailable).ShouldBe(("Error querying LDAP", true));

        foreach (var path in (string[])["/user-info", "/users/user"])
            (await server.GetAsync(path, user.Cookie)).ShouldBe(500, $$"""{"detail":[{"msg":"{{Unknown}}","type":"user_info_failed"}]}""");
        foreach (var path in (string[])["/users", "/groups"])
            (await server.GetAsync(path, admin.Cookie)).ShouldBe(500, $$"""{"detail":[{"msg":"{{Unknown}}","type":"user_info_failed"}]}""");
        (await server.SendAsync(HttpMethod.Get, "/auth/gms", json: null, user.Cookie)).StatusCode.ShouldBe(500);
        (await server.SendAsync(HttpMethod.Get, "/health")).StatusCode.ShouldBe(500);
        var ready = await server.SendAsync(HttpMethod.Get, "/health/ready");
        ready.StatusCode.ShouldBe(200);
        var directory = ready.Json.GetProperty("dependencies").EnumerateArray().Single(
            dependency => dependency.GetProperty("name").GetString() == "LDAP");
        (directory.GetProperty("state").GetString(), directory.GetProperty("error").GetString()).ShouldBe(("down", "Error querying LDAP"));
        var line = server.LinesSince(0, "Cannot query LDAP").First(
            line => line.TryGetProperty("user", out var user) && user.GetString() == "leaver");
        line.GetProperty("ldap_base").GetString().ShouldBe(servers.Tree.People);
        line.GetProperty("severity").GetString().ShouldBe("error");
        line.GetProperty("ldap_url").GetString().ShouldBe(ldap.Url);
        line.GetProperty("ldap_search").GetString().ShouldBe("(uid=leaver)");
        line.GetProperty("ldap_attrs").EnumerateArray().Select(name => name.GetString()).ShouldBe(
            ["displayName", "mail", "uidNumber", "gidNumber"]);
        line.GetProperty("user").GetString().ShouldBe("leaver");
        line.GetProperty("error").GetString().ShouldNotBeNullOrEmpty();
    }

    /// <summary>Waits for a response and checks that it arrives within the answer timeout and some additional time.</summary>
    private static async Task<Answer> ShouldAnswerInTimeAsync(Task<Answer> asked)
    {
        var begun = Stopwatch.GetTimestamp();
        var answer = await asked;
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(3));
        return answer;
    }

    private static Task<LdapServerProcess> StartLdapAsync()
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        return LdapServerProcess.StartOwnAsync();
    }

    /// <summary>Servers with a directory that the test stops.</summary>
    private sealed class FailingDirectoryServers(LdapServerProcess ldap) : ApiServers
    {
        public LdapTree Tree { get; private set; } = null!;

        public override async ValueTask InitializeAsync() => Tree = await LdapTree.CreateAsync(ldap);

        internal override PorthorSettings Configure(PorthorSettings settings) => settings with
        {
            Providers = new ProviderSettings { Ldap = Tree.Settings },
            Quota = new QuotaPlan { Default = new Quota { Api = new Dictionary<string, long> { ["other"] = 100 } }, Bypass = ["vips"] },
        };
    }
}
