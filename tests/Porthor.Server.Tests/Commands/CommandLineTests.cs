using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>CLI-003, CLI-005, CLI-008: commands without stores, help, and usage errors.</summary>
public sealed partial class CommandLineTests : IAsyncLifetime
{
    private const string Hint = "Try 'porthor help' for the commands, or 'porthor help COMMAND' for one command.\n";

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
}
