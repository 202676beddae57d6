using Porthor.Identity;
using Porthor.Ldap;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>
/// Servers with LDAP: the deployment of the LDAP scenarios. <see cref="Tree"/> is their branch; it contains only the entries that the test
/// class adds.
/// </summary>
public class LdapServers : ApiServers
{
    internal LdapTree Tree { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        if (Prerequisites.LdapSkipReason is not null)
            return;
        Tree = await LdapTree.CreateAsync();
        await AddEntriesAsync(Tree);
    }

    internal virtual Task AddEntriesAsync(LdapTree tree) => Task.CompletedTask;

    internal virtual LdapSettings Configure(LdapSettings settings) => settings;

    internal override PorthorSettings Configure(PorthorSettings settings) => settings with
    {
        Providers = new ProviderSettings { Ldap = Configure(Tree.Settings with { SystemGroups = ["foo"] }) },
    };
}

/// <summary>The same servers, with UIDs and GIDs assigned by Porthor: the deployment of the FS scenarios.</summary>
public class NumberingServers : LdapServers
{
    internal override LdapSettings Configure(LdapSettings settings) =>
        settings with { UidAttr = null, GidAttr = null, AddUserGroup = true };

    internal override PorthorSettings Configure(PorthorSettings settings)
    {
        var configured = base.Configure(settings);
        return configured with { Providers = configured.Providers with { AllocateIds = true } };
    }
}

internal static class DirectoryLogins
{
    /// <summary>Creates a session without user data in the token, like a login with OpenID Connect.</summary>
    public static Task<Browser> CreateSessionAsync(this ApiServer server, string username, string scopes = "user:token") =>
        server.LogInAsync(username, scopes, UserData.None);

    /// <summary>Returns the user-info response of a browser's user.</summary>
    public static Task<Answer> GetUserInfoAsync(this ApiServer server, Browser browser) => server.GetAsync("/user-info", browser.Cookie);
}
