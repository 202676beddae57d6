using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class ProviderSettingsTests
{
    [Fact]
    public void LDAP_has_its_defaults()
    {
        var ldap = Serve(Oidc, Ldap).Providers.Ldap!;
        (ldap.GroupObjectClass, ldap.GroupMemberAttr, ldap.GroupSearchByDn, ldap.UserSearchAttr)
            .ShouldBe(("posixGroup", "member", true, "uid"));
        (ldap.NameAttr, ldap.EmailAttr, ldap.UidAttr, ldap.GidAttr).ShouldBe(("displayName", "mail", "uidNumber", "gidNumber"));
        (ldap.UserDn, ldap.Password, ldap.UseKerberos, ldap.AddUserGroup, ldap.SystemGroups.Count).ShouldBe((null, null, false, false, 0));

        (ldap.StartTls, ldap.CaFile, ldap.Grace).ShouldBe((false, null, TimeSpan.FromHours(1)));
        var ca = Path.GetTempFileName();
        using (var key = ECDsa.Create())
        using (var authority = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1)))
            File.WriteAllText(ca, authority.ExportCertificatePem());
        ldap = Serve(Oidc, Ldap.Replace("ldaps:", "ldap:").Replace(
            "}", ", startTls: true, caFile: CA, grace: 1d, systemGroups: [a, b]}".Replace("CA", ca))).Providers.Ldap!;
        File.Delete(ca);
        (ldap.StartTls, ldap.CaFile, ldap.Grace, ldap.SystemGroups.Count).ShouldBe((true, ca, TimeSpan.FromDays(1), 2));
        (Serve(Oidc, NoUid, Firestore).Providers.AllocateIds, Serve(Oidc, Ldap).Providers.AllocateIds).ShouldBe((true, false));

        // An attribute that is null or empty, as Helm charts write it, is not read; an empty base disables lookups.
        const string off = ", nameAttr: null, emailAttr: '', gidAttr: ~, kerberosConfig: /etc/krb5.conf}";
        ldap = Serve(Oidc, Ldap.Replace("dc=users", "").Replace("}", off)).Providers.Ldap!;
        (ldap.NameAttr, ldap.EmailAttr, ldap.GidAttr, ldap.UserBaseDn, ldap.UseKerberos).ShouldBe((null, null, null, "", true));
    }

    [Theory]
    [InlineData("url: 'https://ldap.example.com'", "ldap.url: 'https://ldap.example.com': must be an ldap:// or ldaps:// URL with a host")]
    [InlineData("url: 'ldap://'", "ldap.url: 'ldap://': must be an ldap:// or ldaps:// URL with a host")]
    [InlineData("url: 'ldap://ldap', userDn: 'cn=porthor'", "ldap.password: password required if userDn is set")]
    [InlineData("url: 'ldaps://ldap', startTls: true", "ldap.startTls: requires an ldap:// URL; ldaps:// uses TLS already")]
    [InlineData("url: 'ldaps://ldap', caFile: /no/such/file",
        "ldap.caFile: /no/such/file cannot be read: Could not find a part of the path '/no/such/file'.")]
    [InlineData("url: 'ldaps://ldap', caFile: /etc/hostname", "ldap.caFile: /etc/hostname contains no certificate in PEM format.")]
    [InlineData("url: 'ldap://ldap', groupMemberAttr: 'member:1.2'",
        "ldap.groupMemberAttr: 'member:1.2': must be an attribute, or an attribute and a matching rule: ATTRIBUTE:RULE:")]
    [InlineData("url: 'ldap://ldap', userSearchAttr: ':caseIgnoreMatch:'",
        "ldap.userSearchAttr: ':caseIgnoreMatch:': must be an attribute, or an attribute and a matching rule: ATTRIBUTE:RULE:")]
    [InlineData("url: 'ldap://ldap', uidAttribute: 'uid'", "ldap.uidAttribute: Extra inputs are not permitted")]
    public void LDAP_errors_are_reported(string settings, string error) =>
        Errors($"{Oidc}\nldap: {{groupBaseDn: 'dc=groups', userBaseDn: 'dc=users', {settings}}}").ShouldBe([error]);

    /// <summary>Commands that use only the stores can run on hosts without the CA file.</summary>
    [Fact]
    public void A_missing_CA_file_is_an_error_only_if_LDAP_is_used() => Load(
        $"{Oidc}\nldap: {{groupBaseDn: 'dc=groups', userBaseDn: 'dc=users', url: 'ldaps://ldap', caFile: /no/such/file}}",
        SettingsScope.Stores)
        .Providers.Ldap!.CaFile.ShouldBe("/no/such/file");
}
