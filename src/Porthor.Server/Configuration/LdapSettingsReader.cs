using Porthor.Ldap;
using Porthor.Users;

namespace Porthor.Server.Configuration;

/// <summary>Reads the section <c>ldap</c>.</summary>
internal static class LdapSettingsReader
{
    public static LdapSettings Read(SettingsSection section)
    {
        var settings = new LdapSettings
        {
            Url = section.RequiredText("url"),
            UserDn = section.Text("userDn"),
            Password = section.Secret("password", "LDAP_PASSWORD"),
            UseKerberos = section.Flag("useKerberos") | section.Text("kerberosConfig") is { Length: > 0 },
            StartTls = section.Flag("startTls"),
            CaFile = section.Text("caFile") is { Length: > 0 } path ? path : null,
            Grace = section.Span("grace") ?? DirectoryCacheOptions.Default.Grace,
            GroupBaseDn = section.RequiredText("groupBaseDn"),
            GroupObjectClass = section.Text("groupObjectClass") ?? "posixGroup",
            GroupMemberAttr = section.Text("groupMemberAttr") ?? "member",
            GroupSearchByDn = section.Flag("groupSearchByDn", otherwise: true),
            UserBaseDn = section.Text("userBaseDn") ?? section.RequiredText("userBaseDn"),
            UserSearchAttr = section.Text("userSearchAttr") ?? "uid",
            NameAttr = Attribute(section, "nameAttr", "displayName"),
            EmailAttr = Attribute(section, "emailAttr", "mail"),
            UidAttr = Attribute(section, "uidAttr", "uidNumber"),
            GidAttr = Attribute(section, "gidAttr", "gidNumber"),
            SystemGroups = section.Texts("systemGroups") ?? [],
            AddUserGroup = section.Flag("addUserGroup"),
        };
        if (!Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) || url.Scheme is not ("ldap" or "ldaps") || url.Host.Length == 0)
            section.AddError("url", settings.Url, "must be an ldap:// or ldaps:// URL with a host");
        else if (settings.StartTls && url.Scheme == "ldaps")
            section.AddError("startTls", value: null, "requires an ldap:// URL; ldaps:// uses TLS already");
        const string noAttribute = "must be an attribute, or an attribute and a matching rule: ATTRIBUTE:RULE:";
        if (!LdapFilter.IsMatchingAttribute(settings.GroupMemberAttr))
            section.AddError("groupMemberAttr", settings.GroupMemberAttr, noAttribute);
        if (!LdapFilter.IsMatchingAttribute(settings.UserSearchAttr) || settings.UserSearchAttr.StartsWith(':'))
            section.AddError("userSearchAttr", settings.UserSearchAttr, noAttribute);
        if (settings.CaFile is { } file)
        {
            LdapAuthorities.Read(file, out var problem);
            if (problem is not null)
                section.Missing("caFile", problem);
        }
        if (settings.UserDn is { Length: > 0 } && settings.Password is null)
            section.Missing("password", "password required if userDn is set");
        section.Finish();
        return settings;
    }

    /// <summary>
    /// Reads the name of an attribute. Returns null if the setting is null, or is empty: Helm charts write null as an empty text.
    /// </summary>
    private static string? Attribute(SettingsSection section, string key, string otherwise) =>
        section.IsNullOrEmpty(key) ? null : section.Text(key) ?? otherwise;
}
