using Porthor.Identity;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Users whom the configuration itself names.</summary>
public sealed class LocalUserSettingsTests
{
    private const string Hash = "passwordHash: '$pbkdf2-sha256$i=600000$c2FsdHNhbHRzYWx0c2FsdA$Z53yRoJ1HZ0AwWcXJNbzygY3GJqMRHYAcCniJ4onQvI'";
    private const string Groups = "localGroups: {staff: 3001, astro: 3000}\n";

    [Fact]
    public void Users_have_what_they_are_given()
    {
        var users = Load($$"""
            localGroups: {staff: 3001, astro: 3000}
            localUsers:
              - {username: alice, name: Alice Example, email: alice@example.com, uid: 2001, groups: [staff, astro], {{Hash}}}
              - {username: bob, uid: 2002, gid: 3001, {{Hash}}}
              - {username: carol, {{Hash}}}
            """).Providers.LocalUsers!;
        users.Select(user => user.Username).ShouldBe(["alice", "bob", "carol"]);
        // Without a gid, a user has a group of their own, as with GitHub.
        users[0].Data.ShouldBe(new UserData
        {
            Name = "Alice Example",
            Email = "alice@example.com",
            Uid = 2001,
            Gid = 2001,
            Groups = [new Group("alice", 2001), new Group("astro", 3000), new Group("staff", 3001)],
        });
        // With one, they are a member of the group that it is the id of.
        users[1].Data.ShouldBe(new UserData { Uid = 2002, Gid = 3001, Groups = [new Group("staff", 3001)] });
        users[2].Data.ShouldBe(new UserData { Groups = [] });
        users[0].Password.Matches("pässwörd").ShouldBeTrue();
        users[0].Password.Matches("password").ShouldBeFalse();
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once_and_no_hash_is_shown()
    {
        var faults = Faults($$"""
            localGroups: {staff: 3001, "no group!": 3000, other: 3001, none: 0, dave: 3005}
            localUsers:
              - {username: Alice, uid: 0, gid: x, groups: [nobodys, staff, staff], passwordHash: hunter2-secret}
              - {username: bot-bob, gid: 99, {{Hash}}}
              - {username: carol, uid: 2001, {{Hash}}, password: hunter2-secret}
              - {username: carol, uid: 2001, {{Hash.Replace("600000", "1000")}}}
              - {username: dave, uid: 2003, {{Hash}}}
              - {username: erin, uid: 3001, {{Hash}}}
              - {username: admins, {{Hash}}}
              - {name: Nobody}
              - alice
            """);
        faults.ShouldBe([
            "localGroups: 'no group!': must match ^([a-zA-Z]|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z])[a-zA-Z0-9._-]*$",
            "localGroups.none: '0': must be 1 or more",
            "localGroups: '3001': is the id of staff and other",
            "localUsers[0].username: 'Alice': must match ^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$ and have 64 characters at most",
            "localUsers[0].uid: '0': must be 1 or more",
            "localUsers[0].gid: 'x': Input should be a valid integer",
            "localUsers[0].groups: 'nobodys': is not a group in localGroups",
            "localUsers[0].groups: 'staff': given twice",
            "localUsers[0].passwordHash: must be $pbkdf2-sha256$i=ITERATIONS$SALT$HASH, as 'porthor hash-password' prints it",
            "localUsers[1].username: 'bot-bob': names that begin with bot- are for service tokens",
            "localUsers[1].gid: '99': is not the id of a group in localGroups",
            "localUsers[2].password: Extra inputs are not permitted",
            "localUsers[3].passwordHash: must have from 600000 to 5000000 iterations",
            "localUsers[3].username: 'carol': another user has this name",
            "localUsers[3].uid: '2001': another user has this uid",
            "localUsers[4].username: 'dave': is also a group in localGroups, and users without a gid have a group of their name",
            "localUsers[5].uid: '3001': is also the id of the group staff, and users without a gid have a group with their uid",
            "localUsers[6].username: 'admins': is the name of a group that has scopes if groupMapping is not set",
            "localUsers[7].username: Field required",
            "localUsers[7].passwordHash: Field required",
            "localUsers[8]: must be a section of settings",
        ]);
    }

    [Theory]
    [InlineData("localUsers: {alice: {}}", "localUsers: Input should be a valid list")]
    [InlineData("localUsers: []\n" + Groups, "localGroups: requires localUsers, which is empty")]
    [InlineData("localUsers: [{username: alice, " + Hash + "}]\ngithub: {clientId: a, clientSecret: b}", "localUsers cannot be used with GitHub, CILogon, or OpenID Connect")]
    [InlineData("localUsers: [{username: alice, " + Hash + "}]\nldap: {url: 'ldap://ldap', groupBaseDn: a, userBaseDn: b}", "LDAP cannot be used with localUsers")]
    public void What_does_not_go_together_is_refused(string yaml, string fault) => Faults(yaml).ShouldBe([fault]);

    /// <summary>They count as a provider, where one must be configured.</summary>
    [Fact]
    public void A_deployment_with_a_database_may_have_local_users_alone()
    {
        var cluster = Cluster[..Cluster.IndexOf("github:", StringComparison.Ordinal)];
        Load($"{cluster}\nlocalUsers: [{{username: alice, {Hash}}}]").Providers.LocalUsers!.Count.ShouldBe(1);
        Faults($"{cluster}\nlocalUsers: []").ShouldBe(["No authentication provider configured"]);
        // What groups mean is then for the operator to say.
        Load($"{cluster}\nlocalUsers: [{{username: alice, {Hash}}}]").GroupMapping.ShouldBeEmpty();
    }

    [Fact]
    public void Embedded_groups_mean_something_from_the_start()
    {
        foreach (var yaml in (string[])["", $"localUsers: [{{username: alice, {Hash}}}]"])
        {
            var mapping = Load(yaml).GroupMapping;
            mapping.Keys.ShouldBe(Load("").Tokens.KnownScopes.Keys, ignoreOrder: true);
            mapping.Where(scope => scope.Value.Contains("users")).Select(scope => scope.Key)
                .ShouldBe(["user:token", "read:all", "exec:notebook", "exec:portal"], ignoreOrder: true);
            mapping.Values.ShouldAllBe(groups => groups.Contains("admins"));
        }

        // A scope of the operator's own is nobody's but the administrators', and what they say of groups is all that counts.
        var own = Load("knownScopes: {'admin:token': a, 'admin:userinfo': b, 'user:token': c, 'exec:admin': d}").GroupMapping;
        own["exec:admin"].ShouldBe(["admins"]);
        Load("groupMapping: {'read:all': [staff]}").GroupMapping.Keys.ShouldBe(["read:all"]);
        Load("groupMapping: {}").GroupMapping.ShouldBeEmpty();
        // Where others say who is in which group, a group of that name means nothing of itself.
        Load("github: {clientId: a, clientSecret: b}").GroupMapping.ShouldBeEmpty();
    }
}
