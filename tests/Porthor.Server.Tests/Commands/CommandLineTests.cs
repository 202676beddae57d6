using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>CLI-003, CLI-005, CLI-008: commands without stores, help, and usage errors.</summary>
public sealed class CommandLineTests : IAsyncLifetime
{
    private const string Hint = "Try 'porthor help' for the commands, or 'porthor help COMMAND' for one.\n";

    private const string ProxiesNote =
        "Note: proxies is not set: forwarded client addresses are accepted only from loopback, and /ingress/auth accepts X-Original-* "
            + "headers "
        + "from every peer. Set proxies to the addresses of your proxy.";

    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Theory]
    [InlineData("Unrecognized command or argument 'nonsense'.", "nonsense")]
    [InlineData("Unrecognized command or argument 'tokn'. Did you mean 'token'?", "tokn", "list")]
    [InlineData("Unrecognized command or argument 'revok'. Did you mean 'revoke'?", "token", "revok", "--all-of", "ann")]
    [InlineData("Unrecognized command or argument '--prot'. Did you mean '--port'?", "run", "--prot", "80")]
    [InlineData("'--al-of' is neither an option nor a token key. Did you mean '--all-of'?", "token", "revoke", "--al-of", "ann")]
    [InlineData("Unrecognized command or argument '[suggest:x]'.", "[suggest:x]")]
    [InlineData("Unrecognized command or argument '--nonsense'.", "init", "--nonsense")]
    [InlineData("Required command was not provided.", "token")]
    [InlineData("Required command was not provided.", "config")]
    [InlineData("Option '--username' is required.", "token", "create")]
    [InlineData("--port takes a number from 0 to 65535, not '65536'", "run", "--port", "65536")]
    [InlineData("--port takes a number from 0 to 65535, not 'abc'", "--port", "abc")]
    [InlineData("Name the keys of the tokens to revoke, or a user with --all-of.", "token", "revoke")]
    [InlineData("--lifetime takes a time span such as 30d or 12h, not 'soon'", "token", "create", "--username", "ann",
        "--lifetime", "soon")]
    public async Task A_usage_error_is_reported_in_one_sentence(string sentence, params string[] arguments)
    {
        (await program.RunAsync(arguments)).ShouldBe(new Outcome(2, "", $"Error: {sentence}\n{Hint}"));
        // Nothing was created.
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    [InlineData("help")]
    public async Task Help_lists_the_commands(string argument)
    {
        var help = await program.RunAsync(argument);
        (help.ExitCode, help.Errors).ShouldBe((0, ""));
        foreach (var verb in (string[])["audit", "config", "delete-all-data", "generate-key", "generate-schema", "generate-session-secret",
            "completion", "generate-token", "hash-password", "help", "history", "import-ids", "init", "local-admin", "maintenance",
            "openapi-schema", "rule", "run", "token", "update-schema", "validate-schema"])
            help.Output.ShouldContain($"\n  {verb} ");
    }

    [Fact]
    public async Task Help_for_a_command_shows_its_options_and_no_commands()
    {
        var help = await program.RunAsync("help", "run");
        (help.ExitCode, help.Errors).ShouldBe((0, ""));
        help.Output.ShouldContain("Options:\n  --host <ADDRESS> ");
        help.Output.ShouldNotContain("Commands:");
        help.Output.ShouldNotContain("delete-all-data");
        (await program.RunAsync("run", "-h")).Output.ShouldBe(help.Output);
        (await program.RunAsync("help", "unknown-command")).ShouldBe(new Outcome(2, "", "Error: Unknown help topic unknown-command\n"));
    }

    [Fact]
    public async Task The_version_command_prints_only_the_version()
    {
        var version = await program.RunAsync("--version");
        (version.ExitCode, version.Errors).ShouldBe((0, ""));
        version.Output.ShouldMatch(@"\A[0-9]+\.[0-9]+\.[0-9]+\S*\n\z");
    }

    [Fact]
    public async Task Each_generated_secret_is_new_and_not_stored()
    {
        var key = await program.RunAsync("generate-key");
        (key.ExitCode, key.Errors).ShouldBe((0, ""));
        key.Output.ShouldStartWith("-----BEGIN PRIVATE KEY-----\n");
        using var rsa = System.Security.Cryptography.RSA.Create();
        rsa.ImportFromPem(key.Output);
        rsa.KeySize.ShouldBe(2048);

        var secret = await program.RunAsync("generate-session-secret");
        Secrets.FernetKey.TryParse(secret.Output.TrimEnd('\n')).ShouldNotBeNull();
        var token = await program.RunAsync("generate-token");
        Tokens.Token.TryParse(token.Output.TrimEnd('\n'), out _).ShouldBeTrue();
        (await program.RunAsync("generate-token")).Output.ShouldNotBe(token.Output);
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_OpenAPI_document_is_the_same_on_the_output_and_in_a_file()
    {
        const string backLink = "[Return to Gafaelfawr documentation](.).";
        var printed = await program.RunAsync("openapi-schema");
        (printed.ExitCode, printed.Errors).ShouldBe((0, ""));
        System.Text.Json.JsonDocument.Parse(printed.Output).RootElement.GetProperty("paths").TryGetProperty("/auth/api/v1/tokens", out _)
            .ShouldBeTrue();
        printed.Output.ShouldNotContain(backLink);
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();

        (await program.RunAsync("openapi-schema", "--output", "new/folder/api.json")).ShouldBe(new Outcome(0, "", ""));
        (await File.ReadAllTextAsync(Path.Combine(program.Folder, "new/folder/api.json"))).ShouldBe(printed.Output);

        (await program.RunAsync("openapi-schema", "--add-back-link")).Output.ShouldContain(backLink);
    }

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
        check.Output.ShouldContain("\n  proxies         not set, loopback is trusted\n");
    }

    /// <summary>An operator who did not configure LDAP must be able to see that it is missing.</summary>
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
            "\n  login           OpenID Connect, https://login.example.com, called back at https://example.com/oauth2/callback\n");
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
