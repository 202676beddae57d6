using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Identity;
using Porthor.Ldap;
using Porthor.Secrets;
using Porthor.Telemetry;
using Porthor.Testing;
using Porthor.Users;

namespace Porthor.Server.Tests.Users;

/// <summary>Authentication to the directory and the protection of the connection.</summary>
public sealed partial class LdapConnectionTests
{
    private static readonly PorthorMetrics Metrics = new();

    [Fact]
    public async Task TLS_and_StartTLS_work_with_the_correct_CA()
    {
        var (ldap, tree) = await CreateAsync();
        await tree.AddUserAsync("somebody", "Somebody");
        var tls = tree.Settings with { Url = ldap.TlsUrl };
        var startTls = tree.Settings with { StartTls = true };
        foreach (var settings in (LdapSettings[])[tls, startTls])
        {
            (await FindAsync(settings with { CaFile = ldap.CaFile }, "somebody")).Name.ShouldBe("Somebody");
            // The system's CAs do not include the test CA, and the host name must be in the certificate.
            (await GetErrorAsync(settings)).ShouldBe("Error querying LDAP");
            var otherName = settings with { CaFile = ldap.CaFile, Url = LdapServerProcess.OtherHost(settings.Url) };
            (await GetErrorAsync(otherName)).ShouldBe("Error querying LDAP");
            // The server is available under this name: without TLS it responds.
            (await FindAsync(
                tree.Settings with { Url = LdapServerProcess.OtherHost(tree.Settings.Url) }, "somebody")).Name.ShouldBe("Somebody");
        }
    }

    /// <summary>A server without TLS, or an attacker in between, gets no data and especially no password.</summary>
    [Fact]
    public async Task Nothing_is_sent_if_required_TLS_is_not_available()
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        await using var ldap = await LdapServerProcess.StartOwnAsync(withTls: false);
        var tree = await LdapTree.CreateAsync(ldap);
        (await FindAsync(tree.Settings, "anybody")).ShouldBe(DirectoryUser.None);
        (await GetErrorAsync(tree.Settings with { StartTls = true })).ShouldBe("Error querying LDAP");
    }

    [Fact]
    public async Task Plain_text_after_the_StartTLS_response_is_rejected()
    {
        // The response to message 1 and, in the same packet, a response to message 2, which was not sent yet.
        byte[] consent = [0x30, 0x0C, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0A, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00];
        byte[] injected = [0x30, 0x0C, 0x02, 0x01, 0x02, 0x61, 0x07, 0x0A, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00];
        await using var impostor = new FakeLdapServer([.. consent, .. injected]);
        (await GetErrorAsync(impostor.Settings with { StartTls = true })).ShouldBe("LDAP query timed out after 5.0s");
        impostor.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0030\u0080\u0002\u0001")]
    [InlineData("\u0030\u0084\u007F\u00FF\u00FF\u00FF")]
    [InlineData("\u0030\u0005\u0002\u0001\u0001\u0004\u0000")]
    [InlineData("\u0030\u0003\u0004\u0001\u0001")]
    public async Task Invalid_LDAP_data_is_an_expected_error(string bytes)
    {
        await using var impostor = new FakeLdapServer([.. bytes.Select(c => (byte)c)]);
        (await GetErrorAsync(impostor.Settings)).ShouldBe("LDAP query timed out after 5.0s");
    }

    [Fact]
    public async Task A_DN_and_password_give_access_to_hidden_entries()
    {
        var (ldap, _) = await CreateAsync();
        var hidden = await LdapTree.CreateAsync(ldap, LdapServerProcess.HiddenDn);
        await hidden.AddUserAsync("secretive", "Secretive");
        var named = hidden.Settings with { UserDn = LdapServerProcess.RootDn, Password = new Secret(LdapServerProcess.RootPassword) };
        (await FindAsync(named, "secretive")).Name.ShouldBe("Secretive");
        // Anonymous clients do not see the branch, and a wrong password gives an error.
        (await GetErrorAsync(hidden.Settings)).ShouldBe("Error querying LDAP");
        (await GetErrorAsync(named with { Password = new Secret("wrong") })).ShouldBe("Error querying LDAP");
    }

    [Fact]
    public void An_unreadable_CA_file_is_reported_at_startup()
    {
        var settings = new LdapSettings
        {
            Url = "ldap://127.0.0.1",
            GroupBaseDn = "",
            GroupObjectClass = "",
            GroupMemberAttr = "",
            UserBaseDn = "",
            UserSearchAttr = "",
            CaFile = "/no/such/file",
        };
        Should.Throw<InvalidDataException>(() => Open(settings)).Message.ShouldStartWith("ldap.caFile: /no/such/file cannot be read");
        var empty = Path.GetTempFileName();
        Should.Throw<InvalidDataException>(() => Open(settings with { CaFile = empty })).Message.ShouldEndWith(
            "contains no certificate in PEM format.");
        File.Delete(empty);
    }

    private static async Task<(LdapServerProcess, LdapTree)> CreateAsync()
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        return (await RealServers.Instance.LdapAsync(), await LdapTree.CreateAsync());
    }

    private static LdapDirectory Open(LdapSettings settings) => new(settings, gidsMatter: true, Metrics.Stores, NullLoggerFactory.Instance);

    private static async Task<DirectoryUser> FindAsync(LdapSettings settings, string username)
    {
        await using var directory = Open(settings);
        return await directory.GetUserAsync(username, TestContext.Current.CancellationToken);
    }

    private static async Task<string> GetErrorAsync(LdapSettings settings)
    {
        var failure = await Should.ThrowAsync<UserDirectoryException>(() => FindAsync(settings, "anybody"));
        failure.IsUnavailable.ShouldBeTrue();
        return failure.Reason;
    }
}
