using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Login providers and the sources of user data (contract/configuration.md 2, 3). CFG-002, CFG-007, CFG-009.</summary>
public sealed class ProviderSettingsTests
{
    private const string GitHub = "github: {clientId: some-client, clientSecret: github-secret}";
    private const string Oidc =
        """
        oidc: {clientId: some-client, clientSecret: oidc-secret, loginUrl: "https://upstream.example.com/login",
               tokenUrl: "https://upstream.example.com/token", redirectUrl: "https://example.com/login", issuer: "https://upstream.example.com/"}
        """;
    private const string CiLogon =
        "cilogon: {clientId: some-client, clientSecret: cilogon-secret, redirectUrl: 'https://example.com/login'}";
    private const string Ldap = "ldap: {url: 'ldaps://ldap.example.com', groupBaseDn: 'dc=groups', userBaseDn: 'dc=users'}";
    private const string NoUid = "ldap: {url: 'ldaps://ldap.example.com', groupBaseDn: 'dc=groups', userBaseDn: 'dc=users', uidAttr: null}";
    private const string Firestore = "firestore: {project: some-project}";
    private const string OnlyOne = "Only one of GitHub, CILogon, or OpenID Connect may be used";

    [Theory]
    [InlineData(GitHub)]
    [InlineData(Oidc, Ldap)]
    [InlineData(CiLogon, Ldap)]
    [InlineData(Oidc)]
    [InlineData(CiLogon, Firestore)]
    [InlineData(Oidc, NoUid, Firestore)]
    [InlineData(Oidc, NoUid, "allocateIds: true")]
    public void Every_combination_of_providers_is_accepted(params string[] sections) =>
        Serve(sections).Providers.ShouldNotBe(new ProviderSettings());

    [Theory]
    [InlineData("No authentication provider configured")]
    [InlineData("No authentication provider configured", Ldap)]
    [InlineData(OnlyOne, CiLogon, Oidc, Ldap)]
    [InlineData(OnlyOne, GitHub, Oidc)]
    [InlineData(OnlyOne, GitHub, CiLogon)]
    [InlineData(OnlyOne, GitHub, CiLogon, Oidc)]
    [InlineData("LDAP cannot be used with GitHub authentication", GitHub, Ldap)]
    [InlineData("ldap.uidAttr must be set unless Firestore is used", Oidc, NoUid)]
    public void Incompatible_settings_are_rejected(string error, params string[] sections) =>
        Errors(Cluster[..Cluster.IndexOf("github:", StringComparison.Ordinal)] + string.Join('\n', sections)).ShouldBe([error]);

    [Fact]
    public void GitHub_users_get_a_group_of_their_own()
    {
        var providers = Serve(GitHub).Providers;
        (providers.GitHub!.ClientId, providers.GitHub.ClientSecret.Reveal(), providers.AddUserGroup)
            .ShouldBe(("some-client", "github-secret", true));
        Serve(Oidc, Ldap).Providers.AddUserGroup.ShouldBeFalse();
        Serve(Oidc, Ldap.Replace("}", ", addUserGroup: true}")).Providers.AddUserGroup.ShouldBeTrue();
    }

    [Fact]
    public void Without_LDAP_users_come_from_claims()
    {
        var oidc = Serve(Oidc).Providers.Oidc!;
        (oidc.NameClaim, oidc.EmailClaim, oidc.UidClaim, oidc.GidClaim, oidc.GroupsClaim).ShouldBe(("name", "email", null, null, "groups"));
        Serve(CiLogon).Providers.Oidc!.GroupsClaim.ShouldBe("isMemberOf");
        // With LDAP only the configured claims are read.
        oidc = Serve(Oidc, Ldap).Providers.Oidc!;
        (oidc.NameClaim, oidc.EmailClaim, oidc.UidClaim, oidc.GidClaim, oidc.GroupsClaim).ShouldBe((null, null, null, null, null));
        oidc = Serve(
            Oidc.Replace("}",
                ", nameClaim: a.b, emailClaim: mail, uidClaim: uidNumber, gidClaim: gidNumber, groupsClaim: roles, usernameDomain: "
                    + "example.com}"), Ldap)
            .Providers.Oidc!;
        (oidc.NameClaim, oidc.EmailClaim, oidc.UidClaim, oidc.GidClaim, oidc.GroupsClaim).ShouldBe(
            ("a.b", "mail", "uidNumber", "gidNumber", "roles"));
        (oidc.UsernameDomain, string.Join(' ', oidc.IdTokenAlgorithms)).ShouldBe(("example.com", "RS256 PS256 ES256"));
        Serve(Oidc.Replace("}", ", idTokenAlgorithms: [ES384]}")).Providers.Oidc!.IdTokenAlgorithms.ShouldBe(["ES384"]);
    }

    [Theory]
    [InlineData("idTokenAlgorithms: []", "oidc.idTokenAlgorithms: must name at least one algorithm")]
    [InlineData("idTokenAlgorithms: [none]",
        "oidc.idTokenAlgorithms: 'none': must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512")]
    [InlineData("idTokenAlgorithms: [HS256]",
        "oidc.idTokenAlgorithms: 'HS256': must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512")]
    [InlineData("usernameDomain: '@example.com'", "oidc.usernameDomain: '@example.com': must be a domain, without @")]
    [InlineData("groupsClaim: ''", "oidc.groupsClaim: '': must be the name of a claim")]
    public void Claims_and_algorithms_are_checked(string setting, string error) =>
        Errors(Cluster[..Cluster.IndexOf("github:", StringComparison.Ordinal)] + Oidc.Replace("}", $", {setting}}}")).ShouldBe([error]);

    [Fact]
    public void OpenID_Connect_has_its_defaults()
    {
        var oidc = Serve(Oidc, Ldap).Providers.Oidc!;
        (oidc.Audience, oidc.UsernameClaim, oidc.EnrollmentUrl, oidc.Scopes.Count, oidc.LoginParams.Count)
            .ShouldBe(("some-client", "uid", null, 0, 0));
        oidc.Issuer.ShouldBe("https://upstream.example.com/");

        const string more =
            ", audience: other, usernameClaim: sub, scopes: [email, voPerson], loginParams: {skin: test}, enrollmentUrl: "
                + "'https://enroll.example.com/'}";
        oidc = Serve(Oidc.Replace("}", more), Ldap).Providers.Oidc!;
        (oidc.Audience, oidc.UsernameClaim, oidc.EnrollmentUrl!.Host, oidc.LoginParams["skin"]).ShouldBe(
            ("other", "sub", "enroll.example.com", "test"));
        oidc.Scopes.ShouldBe(["email", "voPerson"]);
        foreach (var nothing in (string[])["null", "''"])
            Serve(Oidc.Replace("}", $", audience: {nothing}}}"), Ldap).Providers.Oidc!.Audience.ShouldBe("some-client");
    }

    [Theory]
    [InlineData("", "cilogon.org", "username", null)]
    [InlineData(", test: true", "test.cilogon.org", "username", null)]
    [InlineData(", usernameClaim: uid, enrollmentUrl: 'https://enroll.example.com/'", "cilogon.org", "uid", "https://enroll.example.com/")]
    public void CILogon_is_OpenID_Connect_with_fixed_values(string more, string host, string claim, string? enrollment)
    {
        var oidc = Serve(CiLogon.Replace("}", more + "}"), Ldap).Providers.Oidc!;
        (oidc.ClientId, oidc.ClientSecret.Reveal(), oidc.Audience).ShouldBe(("some-client", "cilogon-secret", "some-client"));
        (oidc.Issuer, $"{oidc.LoginUrl}", $"{oidc.TokenUrl}").ShouldBe(
            ($"https://{host}", $"https://{host}/authorize", $"https://{host}/oauth2/token"));
        oidc.Scopes.ShouldBe(["email", "org.cilogon.userinfo"]);
        (oidc.UsernameClaim, oidc.EnrollmentUrl?.ToString(), $"{oidc.RedirectUrl}").ShouldBe(
            (claim, enrollment, "https://example.com/login"));
    }

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

    /// <summary>The issuer must match the tokens exactly, and is the base URL of the provider's keys.</summary>
    [Theory]
    [InlineData("login.example.com")]
    [InlineData("ftp://login.example.com")]
    public void An_issuer_is_a_URL(string issuer) =>
        Errors(
            $"oidc: {{clientId: a, clientSecret: b, loginUrl: 'https://x', tokenUrl: 'https://x', redirectUrl: 'https://x', issuer: "
                + $"'{issuer}'}}\n{Ldap}")
            .ShouldBe([$"oidc.issuer: '{issuer}': must be an http:// or https:// URL with a host"]);

    [Fact]
    public void Missing_provider_settings_are_reported()
    {
        Errors("github: {clientId: a}").ShouldBe(["github.clientSecret: Field required (or set PORTHOR_GITHUB_CLIENT_SECRET)"]);
        Errors("oidc: {clientId: a}\n" + Ldap).ShouldBe([
            "oidc.clientSecret: Field required (or set PORTHOR_OIDC_CLIENT_SECRET)", "oidc.loginUrl: Field required",
            "oidc.tokenUrl: Field required",
            "oidc.redirectUrl: Field required (or set PORTHOR_REDIRECT_URL)", "oidc.issuer: Field required"]);
        Errors("ldap: {url: 'ldap://ldap'}").ShouldBe(["ldap.groupBaseDn: Field required", "ldap.userBaseDn: Field required"]);
    }

    /// <summary>Incomplete sections, as Helm charts leave them, are ignored.</summary>
    [Theory]
    [InlineData("github:")]
    [InlineData("github: {}")]
    [InlineData("github: ''")]
    [InlineData("github: {clientId: '', unknown: 1}")]
    [InlineData("cilogon: {clientId: null, redirectUrl: 'no url'}")]
    [InlineData("oidc: {loginUrl: 'no url'}")]
    [InlineData("ldap: {url: '', userDn: 'cn=porthor'}")]
    [InlineData("firestore: {project: }")]
    [InlineData("oidcServer: {enabled: false, key: 'no key'}")]
    [InlineData("oidcServer: {enabled: 'FALSE'}")]
    [InlineData("quota: {groups: {foo: {api: {test: 1}}}}")]
    [InlineData("quota: {default: {}, bypass: [admin]}")]
    public void An_incomplete_section_is_ignored(string yaml)
    {
        var settings = Load(yaml);
        (settings.Providers, settings.OidcServer, settings.Quota).ShouldBe((new ProviderSettings(), null, null));
    }

    private static PorthorSettings Serve(params string[] sections) =>
        Load(Cluster[..Cluster.IndexOf("github:", StringComparison.Ordinal)] + string.Join('\n', sections));

    /// <summary>PKCE, nonce and revocation at logout are Porthor's additions and enabled by default.</summary>
    [Fact]
    public void PKCE_nonce_and_revocation_can_be_disabled()
    {
        var usual = Serve(Oidc, Ldap);
        (usual.Providers.Oidc!.UsesPkce, usual.RevokeOnLogout).ShouldBe((true, true));
        var changed = Serve(Oidc[..Oidc.LastIndexOf('}')] + ", pkce: false}", Ldap, "revokeOnLogout: false");
        (changed.Providers.Oidc!.UsesPkce, changed.RevokeOnLogout).ShouldBe((false, false));
        Serve(CiLogon[..CiLogon.LastIndexOf('}')] + ", pkce: false}", Ldap).Providers.Oidc!.UsesPkce.ShouldBeFalse();
    }
}
