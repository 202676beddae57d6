using System.Text;
using Porthor.Ldap;

namespace Porthor.Testing;

/// <summary>A branch of an LDAP server with users and groups of one test.</summary>
internal sealed class LdapTree
{
    private readonly LdapServerProcess server;

    private LdapTree(LdapServerProcess server, string root) => (this.server, Root) = (server, root);

    public string Root { get; }

    public string People => $"ou=people,{Root}";

    public string Groups => $"ou=groups,{Root}";

    /// <summary>The LDAP settings of a deployment that looks up users in this branch.</summary>
    public LdapSettings Settings => new()
    {
        Url = server.Url,
        GroupBaseDn = Groups,
        GroupObjectClass = "posixGroup",
        GroupMemberAttr = "member",
        GroupSearchByDn = true,
        UserBaseDn = People,
        UserSearchAttr = "uid",
        NameAttr = "displayName",
        EmailAttr = "mail",
        UidAttr = "uidNumber",
        GidAttr = "gidNumber",
    };

    /// <summary>Creates a branch on the server that all tests share.</summary>
    public static async Task<LdapTree> CreateAsync() => await CreateAsync(await RealServers.Instance.LdapAsync());

    /// <param name="under">The DN of the parent entry; null for the suffix.</param>
    public static async Task<LdapTree> CreateAsync(LdapServerProcess server, string? under = null)
    {
        var branch = server.NextBranch();
        var tree = new LdapTree(server, $"ou={branch},{under ?? LdapServerProcess.Suffix}");
        await server.AddAsync(
            $"""
            dn: {tree.Root}
            objectClass: organizationalUnit
            ou: {branch}

            dn: {tree.People}
            objectClass: organizationalUnit
            ou: people

            dn: {tree.Groups}
            objectClass: organizationalUnit
            ou: groups
            """);
        return tree;
    }

    /// <param name="attributes">Additional attributes. Values are encoded as UTF-8.</param>
    public Task AddUserAsync(
        string username, string? name = null, string? mail = null, long? uid = null, long? gid = null,
        params (string Name, string Value)[] attributes)
    {
        List<(string, string)> all = [("objectClass", "testUser"), ("uid", username)];
        AddIfSet(all, "displayName", name);
        AddIfSet(all, "mail", mail);
        AddIfSet(all, "uidNumber", uid);
        AddIfSet(all, "gidNumber", gid);
        return AddAsync($"uid={Escape(username)},{People}", [.. all, .. attributes]);
    }

    /// <param name="members">The usernames of the members.</param>
    public Task AddGroupAsync(string name, long? gid, params string[] members)
    {
        List<(string, string)> all = [("objectClass", "posixGroup"), ("cn", name)];
        AddIfSet(all, "gidNumber", gid);
        foreach (var member in members)
            all.AddRange([("member", $"uid={Escape(member)},{People}"), ("memberName", member)]);
        return AddAsync($"cn={Escape(name)},{Groups}", [.. all]);
    }

    public Task AddAsync(string dn, params (string Name, string Value)[] attributes)
    {
        var ldif = new StringBuilder();
        Line(ldif, "dn", dn);
        foreach (var (name, value) in attributes)
            Line(ldif, name, value);
        return server.AddAsync(ldif.ToString());
    }

    /// <summary>Replaces an attribute of a user.</summary>
    public Task ReplaceAsync(string username, string attribute, string value)
    {
        var ldif = new StringBuilder();
        Line(ldif, "dn", $"uid={username},{People}");
        ldif.Append("changetype: modify\nreplace: ").Append(attribute).Append('\n');
        Line(ldif, attribute, value);
        return server.ModifyAsync(ldif.ToString());
    }

    private static void AddIfSet(List<(string, string)> all, string name, object? value)
    {
        if (value is not null)
            all.Add((name, $"{value}"));
    }

    /// <summary>Writes a value in base64, so that it can contain any character.</summary>
    private static void Line(StringBuilder ldif, string name, string value) =>
        ldif.Append(name).Append(":: ").Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(value))).Append('\n');

    private static string Escape(string value) =>
        string.Concat(value.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or ':' ? $"{c}" : $"\\{(int)c:x2}"));
}
