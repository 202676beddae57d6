using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

public sealed partial class ProviderSettingsTests
{
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

    /// <summary>The issuer must match the tokens exactly, and is the base URL of the provider's keys.</summary>
    [Theory]
    [InlineData("login.example.com")]
    [InlineData("ftp://login.example.com")]
    public void An_issuer_is_a_URL(string issuer) =>
        Errors(
            $"oidc: {{clientId: a, clientSecret: b, loginUrl: 'https://x', tokenUrl: 'https://x', redirectUrl: 'https://x', issuer: "
                + $"'{issuer}'}}\n{Ldap}")
            .ShouldBe([$"oidc.issuer: '{issuer}': must be an http:// or https:// URL with a host"]);
}
