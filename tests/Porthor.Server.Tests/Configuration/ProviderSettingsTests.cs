using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Login providers and the sources of user data (contract/configuration.md 2, 3). CFG-002, CFG-007, CFG-009.</summary>
public sealed partial class ProviderSettingsTests
{
    private const string GitHub = "github: {clientId: some-client, clientSecret: github-secret}";
    private const string Oidc =
        """
        oidc: {clientId: some-client, clientSecret: oidc-secret, loginUrl: "https://upstream.example.com/login",
               tokenUrl: "https://upstream.example.com/token", redirectUrl: "https://example.com/login",
               issuer: "https://upstream.example.com/"}
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
