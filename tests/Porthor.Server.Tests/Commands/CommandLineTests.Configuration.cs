namespace Porthor.Server.Tests.Commands;

public sealed partial class CommandLineTests
{
    private const string ProxiesNote =
        "Note: proxies is not set: forwarded client addresses are accepted only from loopback, and /ingress/auth accepts X-Original-* "
            + "headers "
        + "from every peer. Set proxies to the addresses of your proxy.";

    [Fact]
    public async Task Every_error_of_the_configuration_is_reported_at_once()
    {
        program.Configure("logLevel: LOUD\ntokenLifetime: 8m\nbootstrapToken: bad-token\nknownScopes:\n  \"foo bar\": Bad\n");
        program.Variables["PORTHOR_DATABSE_URL"] = "postgresql://secret@db/x";
        var check = await program.RunAsync("config", "check");
        (check.ExitCode, check.Output).ShouldBe((1, ""));
        check.Errors.ShouldStartWith($"Error: The configuration {program.Folder}/porthor.yaml cannot be used:\n");
        foreach (var error in (string[])[
            "PORTHOR_DATABSE_URL: is not a known variable. Did you mean PORTHOR_DATABASE_URL?", "logLevel: 'LOUD': must be",
            "tokenLifetime: '8m': must be longer than 600 seconds", "bootstrapToken: ", "knownScopes: invalid scope foo bar",
            "knownScopes: required scope admin:token missing", "knownScopes: required scope user:token missing"])
            check.Errors.ShouldContain($"\n  {error}");
        check.Errors.ShouldNotContain("bad-token");
        check.Errors.ShouldNotContain("secret@db");
        // The server refuses to start with the same messages.
        (await program.RunAsync("run", "--port", "0")).ShouldBe(check);
    }

    [Fact]
    public async Task A_valid_configuration_is_described()
    {
        var check = await program.RunAsync("config", "check");
        (check.ExitCode, check.Errors).ShouldBe((0, ""));
        check.Output.ShouldStartWith(
            "The configuration is valid: no file, environment variables and defaults\n  mode            embedded\n");
        check.Output.ShouldContain("\n  login           the local administrator\n");
        check.Output.ShouldContain("\n  token lifetime  30d\n");
        check.Output.Split('\n').Where(line => line.StartsWith("Note: ", StringComparison.Ordinal)).ShouldBe([ProxiesNote]);
        check.Output.ShouldContain("\n  proxies         not set, only loopback is trusted\n");
    }

    /// <summary>The output shows to an operator that LDAP is not configured.</summary>
    [Fact]
    public async Task A_login_without_a_directory_is_described()
    {
        program.Variables["PORTHOR_OIDC_CLIENT_SECRET"] = "some-client-secret-5c1d";
        program.Configure(
            """
            oidc: {clientId: some-client, loginUrl: "https://login.example.com/authorize", tokenUrl: "https://login.example.com/token",
                   redirectUrl: "https://example.com/login", issuer: "https://login.example.com", groupsClaim: realm_access.roles}
            """);
        var check = await program.RunAsync("config", "check");
        (check.ExitCode, check.Errors).ShouldBe((0, ""));
        check.Output.ShouldContain("\n  directory       none: users come from ID tokens, groups from the claim realm_access.roles\n");
    }

    /// <summary>Settings with which a server starts, but which are probably mistakes.</summary>
    [Fact]
    public async Task Probable_mistakes_are_reported_as_warnings()
    {
        program.Variables["PORTHOR_OIDC_CLIENT_SECRET"] = "some-client-secret-5c1d";
        program.Variables["PORTHOR_LDAP_PASSWORD"] = "ldap-password-71fe";
        program.Configure(
            """
            baseUrl: "https://example.com"
            tokenLifetime: 36h
            oidc:
              clientId: some-client
              loginUrl: "https://login.example.com/authorize"
              tokenUrl: "https://login.example.com/token"
              redirectUrl: "https://example.com/oauth2/callback"
              issuer: "https://login.example.com"
            ldap:
              url: "ldap://ldap.example.com"
              userDn: "cn=porthor,dc=example,dc=com"
              userBaseDn: "ou=people,dc=example,dc=com"
              groupBaseDn: "ou=groups,dc=example,dc=com"
            """);
        var check = await program.RunAsync("config", "check");
        (check.ExitCode, check.Errors).ShouldBe((0, ""));
        check.Output.ShouldContain(
            "\n  login           OpenID Connect, https://login.example.com, redirect URL https://example.com/oauth2/callback\n");
        check.Output.ShouldContain("\n  directory       ldap://ldap.example.com\n");
        check.Output.ShouldContain("\n  token lifetime  1d 12h\n");
        check.Output.Split('\n').Where(line => line.StartsWith("Note: ", StringComparison.Ordinal)).ShouldBe(
        [
            "Note: redirectUrl is https://example.com/oauth2/callback, but the login endpoint is https://example.com/login: the proxy must "
                + "rewrite the former to the latter.",
            "Note: groupMapping assigns no scope to any group: no user can log in.",
            "Note: the password of ldap.userDn is sent unencrypted: use an ldaps:// URL, or startTls.",
            ProxiesNote,
        ]);
    }
}
