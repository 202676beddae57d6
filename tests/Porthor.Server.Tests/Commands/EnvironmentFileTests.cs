using Porthor.Server.Commands;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>The environment of the service, for commands: <c>--env-file</c> and <c>deploy/systemd/porthor-admin</c>.</summary>
public sealed class EnvironmentFileTests
{
    // The expected values are those of systemd 252.
    [Theory]
    [InlineData("A=1\nB=2\n", "A=1", "B=2")]
    [InlineData("A=1", "A=1")]
    [InlineData("# A=1\n ; B=2\n\n  \t C = 3 \t \n", "C=3")]
    [InlineData("no assignment\nA=1", "A=1")]
    [InlineData("A=\nB=''\nC=\"\"", "A=", "B=", "C=")]
    [InlineData("A=one two # three", "A=one two # three")]
    [InlineData("A=\"one \\\"two\\\" \\$three \\n\" ", "A=one \"two\" $three \\n")]
    [InlineData("A='one \\\"two\\\" # $three'", "A=one \\\"two\\\" # $three")]
    [InlineData("A='one' \"two\"three", "A=onetwothree")]
    [InlineData("A=it's", "A=it's")]
    [InlineData("A=one\\\ntwo\nB=3", "A=onetwo", "B=3")]
    [InlineData("A=\"one\\\ntwo\nthree\"\nB=4", "A=onetwo\nthree", "B=4")]
    [InlineData("A=one\\ \nB=two\\\\", "A=one ", "B=two\\")]
    [InlineData("A=1\r\nB=2\r\n", "A=1", "B=2")]
    [InlineData("A=x=y\nA=z", "A=x=y", "A=z")]
    [InlineData("# comment \\\nA=1", "A=1")]
    public void A_file_is_read_as_systemd_reads_it(string text, params string[] expected) =>
        EnvironmentFile.Parse("porthor.env", text).Select(variable => $"{variable.Name}={variable.Value}").ShouldBe(expected);

    [Theory]
    [InlineData("A=1\nexport B=2", 2)]
    [InlineData("2A=1", 1)]
    [InlineData("=1", 1)]
    public void An_invalid_name_is_an_error_without_the_value(string text, int line) =>
        Should.Throw<CommandFailure>(() => EnvironmentFile.Parse("porthor.env", text)).Message
            .ShouldBe($"porthor.env, line {line}: the text before '=' is not a variable name. Write NAME=VALUE, without 'export'.");

    [Fact]
    public async Task The_file_selects_the_deployment_before_the_variables_of_the_shell()
    {
        await using var program = new PorthorProgram();
        (await program.RunAsync("init", "--data-dir", "data")).ExitCode.ShouldBe(0);
        await File.WriteAllTextAsync(
            Path.Combine(program.Folder, "porthor.env"), $"# The service's\nGAFAELFAWR_DATA_DIR=\"{program.Folder}/data\"\n");
        program.Variables["PORTHOR_DATA_DIR"] = Path.Combine(program.Folder, "other");
        foreach (var arguments in (string[][])[["--env-file", "porthor.env", "token", "list"], ["token", "list", "-e", "porthor.env"]])
        {
            var listed = await program.RunAsync(arguments);
            (listed.ExitCode, listed.Errors).ShouldBe(
                (0, $"Working on the embedded deployment at {program.Folder}/data\nListed 0 tokens\n"));
        }
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(1);
        (await program.RunAsync("token", "list", "-e", "missing.env")).Errors.ShouldStartWith(
            "Error: The environment file missing.env cannot be read: ");
    }
}
