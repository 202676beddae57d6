using System.Diagnostics;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

public sealed partial class OutageTests
{
    /// <summary>A server that always responds too late: the search ends after exactly two attempts.</summary>
    [Fact]
    public async Task A_directory_that_does_not_respond_is_tried_twice()
    {
        await using var ldap = await StartLdapAsync();
        await using var servers = new FailingDirectoryServers(ldap);
        await servers.InitializeAsync();
        var server = await servers.GetAsync(Mode.Embedded);
        ldap.Pause();
        var begun = Stopwatch.GetTimestamp();
        (await server.GetUserInfoAsync(await server.CreateSessionAsync("patient"))).StatusCode.ShouldBe(500);
        Stopwatch.GetElapsedTime(begun).ShouldBeInRange(TimeSpan.FromSeconds(9.5), TimeSpan.FromSeconds(20));
        server.LinesSince(0, "Cannot query LDAP")[0].GetProperty("error").GetString().ShouldBe("LDAP query timed out after 5.0s");
        ldap.Resume();
    }

    /// <summary>Connections that the server has closed, for example because they were idle, cause no failed request.</summary>
    [Fact]
    public async Task A_restart_of_the_directory_fails_no_request()
    {
        await using var ldap = await StartLdapAsync();
        await using var servers = new FailingDirectoryServers(ldap);
        await servers.InitializeAsync();
        var server = await servers.GetAsync(Mode.Embedded);
        for (var i = 0; i < 3; i++)
        {
            (await server.GetUserInfoAsync(await server.CreateSessionAsync($"user-{i}"))).StatusCode.ShouldBe(200);
            await ldap.KillAsync();
            await ldap.RestartAsync();
        }
        server.LinesSince(0, "Cannot query LDAP").ShouldBeEmpty();
    }

    /// <summary>
    /// Concurrent lookups of the same user share one search, and ten connections are sufficient for any number of other lookups.
    /// </summary>
    [Fact]
    public async Task Concurrent_lookups_of_a_user_share_one_search()
    {
        await using var ldap = await StartLdapAsync();
        await using var servers = new FailingDirectoryServers(ldap);
        await servers.InitializeAsync();
        await servers.Tree.AddUserAsync("popular", mail: "popular@example.com");
        var server = await servers.GetAsync(Mode.Embedded);
        var popular = await server.CreateSessionAsync("popular");
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => server.GetUserInfoAsync(popular)));
        answers.ShouldAllBe(answer => answer.Json.GetProperty("email").GetString() == "popular@example.com");
        server.LinesSince(0, "LDAP entries found").Count.ShouldBe(2);
        var others = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(async i => await server.GetUserInfoAsync(await server.CreateSessionAsync($"other-{i}"))));
        others.ShouldAllBe(answer => answer.StatusCode == 200);
    }
}
