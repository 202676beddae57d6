using Porthor.Ldap;
using Porthor.Server.Accounts;
using Porthor.Users;

namespace Porthor.Server.Configuration;

/// <summary>Represents the settings of login providers and of user information (contract/configuration.md 3).</summary>
internal sealed record ProviderSettings
{
    public GitHubSettings? GitHub { get; init; }

    /// <summary>Gets the OpenID Connect provider. CILogon is OpenID Connect with fixed values.</summary>
    public OidcSettings? Oidc { get; init; }

    /// <summary>Gets the users who log in with a password; null if none is configured.</summary>
    public IReadOnlyList<LocalUser>? LocalUsers { get; init; }

    public LdapSettings? Ldap { get; init; }

    /// <summary>
    /// Gets whether Porthor assigns uids and gids. It does so if <c>allocateIds</c> or the Firestore project of the reference is set.
    /// </summary>
    public bool AllocateIds { get; init; }

    /// <summary>Gets whether a login provider is configured.</summary>
    public bool HasAny => GitHub is not null || Oidc is not null || LocalUsers is not null;

    /// <summary>Gets whether each user has a group of their own, with the uid as gid.</summary>
    public bool AddUserGroup => GitHub is not null || Ldap is { AddUserGroup: true };

    /// <summary>Gets the options for user information.</summary>
    public UserInfoOptions Users => new(AddUserGroup)
    {
        SystemGroups = new HashSet<string>(Ldap?.SystemGroups ?? []),
        DirectoryCache = Ldap is null ? DirectoryCacheOptions.Default : new DirectoryCacheOptions(Ldap.Grace),
    };

    public static ProviderSettings Read(SettingsSection settings, SettingsErrors errors, bool required)
    {
        var gitHub = settings.Section("github", "clientId") is { } g ? GitHubSettings.Read(g) : null;
        var ldap = settings.Section("ldap", "url") is { } l ? LdapSettingsReader.Read(l) : null;
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
            errors.Add(onlyOne);
        else if (required && gitHub is null && either is null && local is null)
            errors.Add("No authentication provider configured");
        else if (gitHub is not null && either is not null)
            errors.Add(onlyOne);
        else if (local is not null && (gitHub ?? (object?)either) is not null)
            errors.Add("localUsers cannot be used with GitHub, CILogon, or OpenID Connect");
        else if (local is not null && ldap is not null)
            errors.Add("LDAP cannot be used with localUsers");
        else if (gitHub is not null && ldap is not null)
            errors.Add("LDAP cannot be used with GitHub authentication");
        else if (ldap is { UidAttr: null } && !allocateIds)
            errors.Add("ldap.uidAttr must be set unless Firestore is used");
        return new ProviderSettings { GitHub = gitHub, Oidc = either, Ldap = ldap, AllocateIds = allocateIds, LocalUsers = local };
    }
}
