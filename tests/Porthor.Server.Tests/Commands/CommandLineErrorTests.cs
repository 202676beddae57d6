using System.CommandLine;
using Porthor.Server.Commands;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>Every command and option gets invalid values. Each gives a message and exit status 2, never an exception.</summary>
public sealed class CommandLineErrorTests
{
    private static readonly string[] MayBeEmpty = ["--scopes"];

    public static TheoryData<string> Verbs() =>
        [.. Commands(PorthorCommand.Create(), []).Select(command => string.Join(' ', command.Path))];

    [Theory, MemberData(nameof(Verbs))]
    public void Every_wrong_value_is_an_error(string verb)
    {
        string[] path = verb.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (command, options) = Find(path);
        foreach (var option in options)
        {
            foreach (var name in (string[])[option.Name, .. option.Aliases])
            {
                if (option.ValueType == typeof(bool))
                {
                    // If the command takes arguments, the text after the equals sign is an argument.
                    if (command.Arguments.Count == 0)
                        ShouldFail([.. path, $"{name}=maybe"]);
                    continue;
                }
                ShouldFail([.. path, name]);
                ShouldFail([.. path, name, "1", name, "2"]);
                if (option.ValueType != typeof(string))
                {
                    foreach (var value in (string[])["abc", "", "-1", "1.5", "99999999999999999999", "0x10", "١", "1e3", " "])
                        ShouldFail([.. path, name, value]);
                }
                else if (!MayBeEmpty.Contains(option.Name))
                {
                    ShouldFail([.. path, name, ""]);
                    ShouldFail([.. path, $"{name}="]);
                }
            }
        }
        if (command.Name != "help")
        {
            ShouldFail([.. path, "--no-such-option"]);
            ShouldFail([.. path, "--no-such-option=1"]);
        }
        if (command.Subcommands.Count > 0)
            ShouldFail([.. path, "no-such-verb"]);
        foreach (var argument in command.Arguments)
            ShouldFail([.. path, .. Enumerable.Repeat("", Math.Max(1, argument.Arity.MinimumNumberOfValues))]);
    }

    [Fact]
    public void Every_command_has_the_common_options()
    {
        foreach (var (path, command) in Commands(PorthorCommand.Create(), []))
        {
            if (command.Action is not null)
                Errors([.. path, "--env-file"]).ShouldNotBeEmpty(string.Join(' ', path));
        }
    }

    /// <summary>In a separate process: it prints the errors of the parser, and the exit status is 2.</summary>
    [Theory]
    [InlineData("--port", "abc")]
    [InlineData("run", "--metrics-port", "-5")]
    [InlineData("token", "list", "--output", "xml")]
    [InlineData("history", "--limit", "many")]
    [InlineData("token", "show", "gt-AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB+")]
    [InlineData("complete", "x", "porthor")]
    [InlineData("[suggest:abc]")]
    [InlineData("token", "revoke", "@nowhere")]
    public async Task An_invalid_command_line_exits_with_status_2(params string[] arguments)
    {
        await using var program = new PorthorProgram();
        var outcome = await program.RunAsync(arguments);
        (outcome.ExitCode, outcome.Output).ShouldBe((2, ""), outcome.Errors);
        outcome.Errors.ShouldStartWith("Error: ");
        outcome.Errors.ShouldNotContain("Exception");
        outcome.Errors.ShouldNotContain("BBBB");
        Directory.GetFileSystemEntries(program.Folder).ShouldBeEmpty();
    }

    private static void ShouldFail(string[] arguments) => Errors(arguments).ShouldNotBeEmpty(string.Join(' ', arguments));

    private static IReadOnlyList<string> Errors(string[] arguments)
    {
        var parsed = PorthorCommand.Parse(PorthorCommand.Create(), arguments);
        var messages = CommandLineErrors.MessagesOf(parsed).ToList();
        CommandLineErrors.AreNone(parsed).ShouldBe(messages.Count == 0, string.Join(' ', arguments));
        return messages;
    }

    private static (Command Command, IReadOnlyList<Option> Options) Find(string[] path)
    {
        Command command = PorthorCommand.Create();
        List<Option> options = [.. command.Options.Where(option => option.Recursive && option.ValueType == typeof(string))];
        foreach (var name in path)
            command = command.Subcommands.Single(subcommand => subcommand.Name == name);
        options.AddRange(command.Options.Where(
            option => option.ValueType != typeof(void) && option is not (System.CommandLine.Help.HelpOption or VersionOption)));
        return (command, options);
    }

    private static IEnumerable<(string[] Path, Command Command)> Commands(Command command, string[] path) =>
        command.Subcommands.SelectMany(subcommand => Commands(subcommand, [.. path, subcommand.Name])).Prepend((path, command));
}
