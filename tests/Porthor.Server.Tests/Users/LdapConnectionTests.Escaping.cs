using Porthor.Ldap;
using Porthor.Users;

namespace Porthor.Server.Tests.Users;

public sealed partial class LdapConnectionTests
{
    /// <summary>An attacker's username tries to change the LDAP filter or the DN.</summary>
    [Fact]
    public async Task Special_characters_in_a_username_are_escaped()
    {
        var (_, tree) = await CreateAsync();
        await tree.AddUserAsync("victim", "Victim", uid: 1);
        await tree.AddGroupAsync("admins", 1, "victim");
        var byDn = tree.Settings;
        var byName = tree.Settings with { GroupSearchByDn = false, GroupMemberAttr = "memberName" };
        foreach (var attack in (string[])[
            "*", "victim)(uid=*", "x)(|(uid=victim", "vict\\69m", "victim,ou=people", "*)(objectClass=*", "\\2a", "a\0b"])
        {
            (await FindAsync(byDn, attack)).ShouldBe(DirectoryUser.None, attack);
            foreach (var settings in (LdapSettings[])[byDn, byName])
            {
                await using var directory = Open(settings);
                (await directory.GetGroupsAsync(attack, TestContext.Current.CancellationToken)).ShouldBeEmpty(attack);
            }
        }

        // A user with such a name is found with their own groups.
        const string odd = "*)(uid=victim";
        await tree.AddUserAsync(odd, "Odd");
        await tree.AddGroupAsync("odds", 2, odd);
        (await FindAsync(byDn, odd)).Name.ShouldBe("Odd");
        foreach (var settings in (LdapSettings[])[byDn, byName])
        {
            await using var directory = Open(settings);
            (await directory.GetGroupsAsync(odd, TestContext.Current.CancellationToken)).ShouldBe([new DirectoryGroup("odds", 2)]);
        }
    }

    [Theory]
    [InlineData("plain", "(uid=plain)")]
    [InlineData("*)(uid=a\\b\0", "(uid=\\2a\\29\\28uid=a\\5cb\\00)")]
    [InlineData("名字", "(uid=名字)")]
    public void A_filter_is_logged_in_its_text_form(string value, string text) =>
        LdapFilter.Equal("uid", value).ToString().ShouldBe(text);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,ou=x", "a\\,ou\\=x")]
    [InlineData("#+\"\\<>;", "\\#\\+\\\"\\\\\\<\\>\\;")]
    [InlineData(" a b ", "\\ a b\\ ")]
    [InlineData(" ", "\\ ")]
    [InlineData("a\0b", "a\\00b")]
    [InlineData("a#b", "a#b")]
    public void A_DN_value_is_escaped(string value, string escaped) =>
        DistinguishedName.Below("dc=example", "uid", value).ShouldBe($"uid={escaped},dc=example");
}
