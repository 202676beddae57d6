using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Values;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class SettingsValueTests
{
    [Fact]
    public void Quotas_are_read_completely()
    {
        var quota = Load(
            """
            quota:
              default: {api: {test: 1}, disk: {/home: 32212254720}, notebook: {cpu: 8, memory: 4.5}, tap: {qserv: {concurrent: 10}}}
              groups: {blocked: {notebook: {cpu: 0, memory: 0, spawn: false}}, nothing: {}}
              bypass: [admin]
            """).Quota!;
        (quota.Default.Api["test"], quota.Default.Disk["/home"], quota.Default.Tap["qserv"])
            .ShouldBe((1, 32_212_254_720, new TapQuota(10)));
        quota.Default.Notebook.ShouldBe(new NotebookQuota(8, 4.5));
        quota.Groups["blocked"].Notebook.ShouldBe(new NotebookQuota(0, 0, Spawn: false));
        quota.Groups["nothing"].IsEmpty.ShouldBeTrue();
        quota.Bypass.ShouldBe(["admin"]);
    }

    [Fact]
    public void Proxies_are_addresses_or_networks() =>
        Load("proxies: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']").Proxies
            .ShouldBe([AddressBlock.Parse("10.0.0.0/8"), AddressBlock.Parse("192.0.2.1"), AddressBlock.Parse("2001:db8::/32")]);

    [Fact]
    public void IPv4_mapped_proxies_are_IPv4_networks() =>
        Load("proxies: ['::ffff:10.0.0.0/104', '::ffff:192.0.2.1', '::/0']").Proxies
            .ShouldBe([AddressBlock.Parse("10.0.0.0/8"), AddressBlock.Parse("192.0.2.1"), AddressBlock.Parse("::/0")]);

    [Fact]
    public void Allowed_origins_have_a_scheme_a_host_and_possibly_a_port()
    {
        Load("allowedOrigins: ['https://App.example.com', 'http://localhost:3000/', 'https://[2001:db8::1]:8443']")
            .AllowedOrigins.Select(origin => origin.ToString())
            .ShouldBe(["https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"]);
        Load("").AllowedOrigins.ShouldBeEmpty();
    }

    [Fact]
    public void Administrators_are_a_list_of_usernames()
    {
        Load("").AdminUsers.ShouldBeEmpty();
        var settings = Load("adminUsers: [ann, bob]\ninitialAdmins: [ann, eve]");
        settings.AdminUsers.ShouldBe(["ann", "bob"], ignoreOrder: true);
        SettingsWarnings.Of(settings)
            .ShouldContain(
                "initialAdmins has no effect. To give eve the scope admin:token at login, name them in adminUsers, or map a group to "
                    + "admin:token in groupMapping.");
        SettingsWarnings.Of(Load("adminUsers: [ann]\ninitialAdmins: [ann]")).ShouldNotContain(
            note => note.Contains("initialAdmins", StringComparison.Ordinal));
    }

    [Fact]
    public void Rules_are_strict_only_if_that_is_configured()
    {
        Load("").StrictRules.ShouldBeFalse();
        Load("strictRules: true").StrictRules.ShouldBeTrue();
    }
}
