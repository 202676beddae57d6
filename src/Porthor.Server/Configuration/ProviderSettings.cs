using Porthor.Server.Login.Local;
using Porthor.Users;

namespace Porthor.Server.Configuration;

/// <summary>Who tells who a user is, and what is known about them (contract/configuration.md 3).</summary>
internal sealed record ProviderSettings
{
    public GitHubSettings? GitHub { get; init; }

    /// <summary>Also CILogon, which is this with fixed values.</summary>
    public OidcSettings? Oidc { get; init; }

    /// <summary>Users who log in here with a password; null if none is configured.</summary>
    public IReadOnlyList<LocalUser>? LocalUsers { get; init; }

    public LdapSettings? Ldap { get; init; }

    /// <summary>Uids and gids are given out by us: where the reference is told to by Firestore's project, or by our own setting.</summary>
    public bool AllocateIds { get; init; }

    /// <summary>Whether anybody is configured who tells who users are.</summary>
    public bool HasAny => GitHub is not null || Oidc is not null || LocalUsers is not null;

    /// <summary>Users whose groups come from elsewhere get a group of their own, and their uid as gid.</summary>
    public bool AddUserGroup => GitHub is not null || Ldap is { AddUserGroup: true };

    /// <summary>How what is known about users is gathered.</summary>
    public UserInfoOptions Users => new(AddUserGroup)
    {
        SystemGroups = new HashSet<string>(Ldap?.SystemGroups ?? []),
        Memory = Ldap is null ? DirectoryCacheOptions.Usual : new DirectoryCacheOptions(Ldap.Grace),
    };

    public static ProviderSettings Read(SettingsSection settings, SettingsErrors faults, bool required)
    {
        var gitHub = settings.Section("github", "clientId") is { } g ? GitHubSettings.Read(g) : null;
        var ldap = settings.Section("ldap", "url") is { } l ? LdapSettings.Read(l) : null;
        var ciLogon = settings.Section("cilogon", "clientId") is { } c ? OidcSettings.ReadCiLogon(c, hasDirectory: ldap is not null) : null;
        var oidc = settings.Section("oidc", "clientId") is { } o ? OidcSettings.Read(o, hasDirectory: ldap is not null) : null;
        var firestore = settings.Section("firestore", "project");
        var project = firestore?.RequiredText("project");
        firestore?.Finish();
        var allocateIds = settings.Flag("allocateIds") || project is not null;
        var local = LocalUserSettings.Read(settings);

        const string onlyOne = "Only one of GitHub, CILogon, or OpenID Connect may be used";
        var either = oidc ?? ciLogon;
        if (ciLogon is not null && oidc is not null)
            faults.Add(onlyOne);
        else if (required && gitHub is null && either is null && local is null)
            faults.Add("No authentication provider configured");
        else if (gitHub is not null && either is not null)
            faults.Add(onlyOne);
        else if (local is not null && (gitHub ?? (object?)either) is not null)
            faults.Add("localUsers cannot be used with GitHub, CILogon, or OpenID Connect");
        else if (local is not null && ldap is not null)
            faults.Add("LDAP cannot be used with localUsers");
        else if (gitHub is not null && ldap is not null)
            faults.Add("LDAP cannot be used with GitHub authentication");
        else if (ldap is { UidAttr: null } && !allocateIds)
            faults.Add("ldap.uidAttr must be set unless Firestore is used");
        return new ProviderSettings { GitHub = gitHub, Oidc = either, Ldap = ldap, AllocateIds = allocateIds, LocalUsers = local };
    }
}
