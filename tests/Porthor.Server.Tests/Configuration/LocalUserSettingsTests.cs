using Porthor.Identity;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Users in the configuration file.</summary>
public sealed class LocalUserSettingsTests
{
    private const string Hash =
        "passwordHash: '$pbkdf2-sha256$i=600000$c2FsdHNhbHRzYWx0c2FsdA$Z53yRoJ1HZ0AwWcXJNbzygY3GJqMRHYAcCniJ4onQvI'";
    private const string Groups = "localGroups: {staff: 3001, astro: 3000}\n";

    [Fact]
    public void Users_have_the_configured_data()
    {
        var users = Load($$"""
            localGroups: {staff: 3001, astro: 3000}
            localUsers:
              - {username: alice, name: Alice Example, email: alice@example.com, uid: 2001, groups: [staff, astro], {{Hash}}}
              - {username: bob, uid: 2002, gid: 3001, {{Hash}}}
              - {username: carol, {{Hash}}}
            """).Providers.LocalUsers!;
        users.Select(user => user.Username).ShouldBe(["alice", "bob", "carol"]);
        // Without a gid, a user gets a group with their own name, as with GitHub.
        users[0].Data.ShouldBe(new UserData
        {
            Name = "Alice Example",
            Email = "alice@example.com",
            Uid = 2001,
            Gid = 2001,
            Groups = [new Group("alice", 2001), new Group("astro", 3000), new Group("staff", 3001)],
        });
        // With a gid, they are a member of the group with this ID.
        users[1].Data.ShouldBe(new UserData { Uid = 2002, Gid = 3001, Groups = [new Group("staff", 3001)] });
        users[2].Data.ShouldBe(new UserData { Groups = [] });
        users[0].Password.Matches("pässwörd").ShouldBeTrue();
        users[0].Password.Matches("password").ShouldBeFalse();
    }

    [Fact]
    public void All_errors_are_reported_at_once_without_a_hash()
    {
        var errors = Errors($$"""
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
        errors.ShouldBe([
            "localGroups: 'no group!': must match ^([a-zA-Z]|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z])[a-zA-Z0-9._-]*$",
            "localGroups.none: '0': must be 1 or more",
            "localGroups: '3001': is the id of staff and other",
            "localUsers[0].username: 'Alice': must match ^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$ and have 64 "
                + "characters at most",
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
    [InlineData("localUsers: [{username: alice, " + Hash
        + "}]\ngithub: {clientId: a, clientSecret: b}", "localUsers cannot be used with GitHub, CILogon, or OpenID Connect")]
    [InlineData("localUsers: [{username: alice, " + Hash
        + "}]\nldap: {url: 'ldap://ldap', groupBaseDn: a, userBaseDn: b}", "LDAP cannot be used with localUsers")]
    public void Incompatible_settings_are_rejected(string yaml, string error) => Errors(yaml).ShouldBe([error]);

    /// <summary>Local users count as a login provider, which is required.</summary>
    [Fact]
    public void A_deployment_with_a_database_can_have_only_local_users()
    {
        var cluster = Cluster[..Cluster.IndexOf("github:", StringComparison.Ordinal)];
        Load($"{cluster}\nlocalUsers: [{{username: alice, {Hash}}}]").Providers.LocalUsers!.Count.ShouldBe(1);
        Errors($"{cluster}\nlocalUsers: []").ShouldBe(["No authentication provider configured"]);
        // There is no default group mapping then.
        Load($"{cluster}\nlocalUsers: [{{username: alice, {Hash}}}]").GroupMapping.ShouldBeEmpty();
    }

    [Fact]
    public void Embedded_mode_has_a_default_group_mapping()
    {
        foreach (var yaml in (string[])["", $"localUsers: [{{username: alice, {Hash}}}]"])
        {
            var mapping = Load(yaml).GroupMapping;
            mapping.Keys.ShouldBe(Load("").Tokens.KnownScopes.Keys, ignoreOrder: true);
            mapping.Where(scope => scope.Value.Contains("users")).Select(scope => scope.Key)
                .ShouldBe(["user:token", "read:all", "exec:notebook", "exec:portal"], ignoreOrder: true);
            mapping.Values.ShouldAllBe(groups => groups.Contains("admins"));
        }

        // Only administrators get scopes that the operator defines, and a configured group mapping replaces the default.
        var own = Load("knownScopes: {'admin:token': a, 'admin:userinfo': b, 'user:token': c, 'exec:admin': d}").GroupMapping;
        own["exec:admin"].ShouldBe(["admins"]);
        Load("groupMapping: {'read:all': [staff]}").GroupMapping.Keys.ShouldBe(["read:all"]);
        Load("groupMapping: {}").GroupMapping.ShouldBeEmpty();
        // If another provider supplies the groups, there is no default group mapping.
        Load("github: {clientId: a, clientSecret: b}").GroupMapping.ShouldBeEmpty();
    }
}
