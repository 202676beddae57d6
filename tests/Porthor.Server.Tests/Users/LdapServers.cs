using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>
/// Servers that look users up in LDAP: the catalogue's LDAP deployment. <see cref="Tree"/> is what they see; it begins empty but
/// for what a class plants in it.
/// </summary>
public class LdapServers : ApiServers
{
    internal LdapTree Tree { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        if (Prerequisites.WhyNotLdap is not null)
            return;
        Tree = await LdapTree.PlantAsync();
        await PlantAsync(Tree);
    }

    internal virtual Task PlantAsync(LdapTree tree) => Task.CompletedTask;

    internal virtual LdapSettings Configure(LdapSettings settings) => settings;

    internal override PorthorSettings Configure(PorthorSettings settings) => settings with
    {
        Providers = new ProviderSettings { Ldap = Configure(Tree.Settings with { SystemGroups = ["foo"] }) },
    };
}

/// <summary>The same, where uids and gids are given out by Porthor: the catalogue's FS deployment.</summary>
public class NumberingServers : LdapServers
{
    internal override LdapSettings Configure(LdapSettings settings) => settings with { UidAttr = null, GidAttr = null, AddUserGroup = true };

    internal override PorthorSettings Configure(PorthorSettings settings)
    {
        var configured = base.Configure(settings);
        return configured with { Providers = configured.Providers with { AllocateIds = true } };
    }
}

internal static class DirectoryLogins
{
    /// <summary>Logs a user in of whom nothing is stored with the token, as a login with OpenID Connect does.</summary>
    public static Task<Browser> EnterAsync(this ApiServer server, string username, string scopes = "user:token") =>
        server.LogInAsync(username, scopes, UserData.None);

    /// <summary>What is known about the user of a browser.</summary>
    public static Task<Answer> WhoIsAsync(this ApiServer server, Browser browser) => server.GetAsync("/user-info", browser.Cookie);
}
