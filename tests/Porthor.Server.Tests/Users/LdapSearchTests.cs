using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Identity;
using Porthor.Ldap;
using Porthor.Telemetry;
using Porthor.Testing;
using Porthor.Users;

namespace Porthor.Server.Tests.Users;

/// <summary>Searches with matching rules and with many results, and searches that wait for a connection.</summary>
public sealed class LdapSearchTests
{
    private const int Many = 700;

    private static readonly PorthorMetrics Metrics = new();

    [Theory]
    [InlineData("memberName:caseIgnoreMatch:", false)]
    [InlineData("memberName:2.5.13.2:", false)]
    [InlineData("member:distinguishedNameMatch:", true)]
    [InlineData("member:2.5.13.1:", true)]
    [InlineData("member:dn:2.5.13.1:", true)]
    [InlineData("member:", true)]
    public async Task Groups_are_found_by_a_matching_rule(string attribute, bool byDn)
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        var tree = await LdapTree.CreateAsync();
        await tree.AddUserAsync("alice");
        await tree.AddGroupAsync("upper", 7, byDn ? "alice" : "ALICE");
        await tree.AddGroupAsync("others", 8, "alice2");
        await using var directory = Open(tree.Settings with { GroupMemberAttr = attribute, GroupSearchByDn = byDn });
        foreach (var attack in (string[])["*", "alice)(uid=*", "a*", ""])
            (await directory.GetGroupsAsync(attack, TestContext.Current.CancellationToken)).ShouldBeEmpty(attack);
        (await directory.GetGroupsAsync("alice", TestContext.Current.CancellationToken)).ShouldBe([new DirectoryGroup("upper", 7)]);
    }

    [Theory]
    [InlineData("uid:caseIgnoreMatch:")]
    [InlineData("uid:2.5.13.2:")]
    public async Task Users_are_found_by_a_matching_rule(string attribute)
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        var tree = await LdapTree.CreateAsync();
        await tree.AddUserAsync("alice", "Alice");
        await tree.AddGroupAsync("team", 7, "alice");
        await using var directory = Open(tree.Settings with { UserSearchAttr = attribute });
        (await directory.GetUserAsync("alice", TestContext.Current.CancellationToken)).Name.ShouldBe("Alice");
        (await directory.GetGroupsAsync("alice", TestContext.Current.CancellationToken)).ShouldBe([new DirectoryGroup("team", 7)]);
        (await directory.ListUsersAsync(TestContext.Current.CancellationToken)).Keys.ShouldBe(["alice"]);
    }

    [Theory]
    [InlineData("member:1.2.840.113556.1.4.1941:", "(member:1.2.840.113556.1.4.1941:=a\\2a)")]
    [InlineData("member:DN:rule:", "(member:dn:rule:=a\\2a)")]
    [InlineData(":rule:", "(:rule:=a\\2a)")]
    [InlineData("member", "(member=a\\2a)")]
    public void A_filter_with_a_matching_rule_is_logged_in_its_text_form(string attribute, string text)
    {
        LdapFilter.IsMatchingAttribute(attribute).ShouldBeTrue();
        LdapFilter.Matching(attribute, "a*").ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData(":")]
    [InlineData("::")]
    [InlineData("member:rule")]
    [InlineData("member::")]
    [InlineData("member:a:b:")]
    [InlineData("member:dn:a:b:")]
    [InlineData("member:1.2=:")]
    [InlineData(":dn:")]
    public void An_invalid_matching_rule_is_rejected(string attribute) => LdapFilter.IsMatchingAttribute(attribute).ShouldBeFalse();

    /// <summary>OpenLDAP returns at most 500 entries at once, and any number in pages.</summary>
    [Fact]
    public async Task More_entries_than_the_size_limit_are_read_in_pages()
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        await using var ldap = await LdapServerProcess.StartOwnAsync(more: "sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited");
        var tree = await LdapTree.CreateAsync(ldap);
        var ldif = new StringBuilder();
        for (var i = 0; i < Many; i++)
        {
            ldif.Append($"dn: uid=user-{i},{tree.People}\nobjectClass: testUser\nuid: user-{i}\nuidNumber: {i + 1}\n\n");
            ldif.Append(
                $"dn: cn=group-{i},{tree.Groups}\nobjectClass: posixGroup\ncn: group-{i}\ngidNumber: {i + 1}\nmember: "
                    + $"uid=user-0,{tree.People}\n\n");
        }
        await ldap.AddAsync(ldif.ToString());
        await using var directory = Open(tree.Settings);
        for (var i = 0; i < 2; i++)
        {
            (await directory.ListUsersAsync(TestContext.Current.CancellationToken)).Count.ShouldBe(Many);
            (await directory.ListGroupsAsync(TestContext.Current.CancellationToken)).Count.ShouldBe(Many);
            (await directory.GetGroupsAsync("user-0", TestContext.Current.CancellationToken)).Select(group => group.Gid).Distinct().Count()
                .ShouldBe(Many);
        }
    }

    /// <summary>If all connections are in use, the search fails and is not repeated: no connection is broken.</summary>
    [Fact]
    public async Task A_search_without_a_free_connection_fails_without_a_second_attempt()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(50);
        var settings = new LdapSettings
        {
            Url = $"ldap://{listener.LocalEndpoint}",
            GroupBaseDn = "dc=x",
            GroupObjectClass = "x",
            GroupMemberAttr = "x",
            UserBaseDn = "dc=x",
            UserSearchAttr = "uid",
        };
        await using var directory = Open(settings);
        // The kernel accepts the connections, but no server responds.
        var first = Enumerable.Range(0, 10).Select(i => FailureAsync(directory, $"user-{i}")).ToList();
        (await FailureAsync(directory, "late")).ShouldBe("All 10 LDAP connections were in use for 5.0s");
        first.ShouldAllBe(search => !search.IsCompleted);
        (await Task.WhenAll(first)).ShouldAllBe(reason => reason == "LDAP query timed out after 5.0s");
    }

    private static async Task<string> FailureAsync(LdapDirectory directory, string username)
    {
        var failure = await Should.ThrowAsync<UserDirectoryException>(
            () => directory.GetUserAsync(username, TestContext.Current.CancellationToken));
        failure.IsUnavailable.ShouldBeTrue();
        return failure.Reason;
    }

    private static LdapDirectory Open(LdapSettings settings) => new(settings, gidsMatter: true, Metrics.Stores, NullLoggerFactory.Instance);
}
