using System.Text.Json;
using Porthor.Server.Commands;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>The output of list commands, from which users copy keys.</summary>
public sealed class ListOutputTests
{
    private static readonly ListColumn<string[]>[] Columns =
        [new("KEY", row => row[0], IsWhole: true), new("USER", row => row[1]), new("NAME", row => row[2])];

    [Theory]
    [InlineData(80)]
    [InlineData(40)]
    [InlineData(10)]
    public void A_key_is_never_shortened(int width)
    {
        var key = new string('k', 22);
        var lines = ListOutput.Layout([[key, new string('u', 64), new string('n', 64)], [key, "ann", "née"]], Columns, width).ToList();
        lines.Count.ShouldBe(3);
        lines.Skip(1).ShouldAllBe(line => line.StartsWith(key + "  "));
        lines.ShouldAllBe(line => line.Length <= Math.Max(width, 22 + 2 + 6 + 2 + 6));
        lines[2].ShouldContain("ann");
    }

    [Fact]
    public async Task Lists_are_printed_in_every_format_and_without_log_lines()
    {
        await using var program = new PorthorProgram();
        (await program.RunAsync("init")).Output.ShouldBeEmpty();
        var name = "a name that is too long for a table of eighty columns, with more";
        var created = await program.RunAsync("token", "create", "-u", "ann", "-n", name, "-s", "read:all,user:token", "-l", "30d");
        var token = Tokens.Token.Parse(created.Output.TrimEnd('\n'));
        created.Errors.ShouldBe($"Working on the embedded deployment at {program.Folder}/porthor-data\nCreated token {token.Key} of ann\n");

        using var json = JsonDocument.Parse((await program.RunAsync("token", "list", "--output", "json")).Output);
        json.RootElement[0].GetProperty("token").GetString().ShouldBe(token.Key.Value);
        json.RootElement[0].GetProperty("token_name").GetString().ShouldBe(name);
        var wide = (await program.RunAsync("token", "list", "-o", "wide")).Output.Split('\n');
        wide[0].ShouldMatch("^KEY +USER +TYPE +NAME +SCOPES +CREATED +EXPIRES$");
        wide[1].ShouldStartWith($"{token.Key}  ann   user  {name}  read:all,user:token  ");
        (await program.RunAsync("token", "list", "-o", "table")).Output.Split('\n')[0].ShouldMatch("^KEY +USER +TYPE +NAME +EXPIRES$");
        // In a pipe, the output is for scripts.
        (await program.RunAsync("token", "list")).Output.Split('\t')[..4].ShouldBe([token.Key.Value, "ann", "user", name]);

        var shown = await program.RunAsync("token", "show", token.Key.Value);
        shown.Output.ShouldMatch($"^KEY +{token.Key}\nUSER +ann\nTYPE +user\n");
        (await program.RunAsync("token", "show", token.Reveal(), "-o", "json")).Output.ShouldStartWith("{\"username\":\"ann\",");
        var missing = await program.RunAsync("token", "show", "AAAAAAAAAAAAAAAAAAAAAA");
        missing.ExitCode.ShouldBe(1);
        missing.Errors.ShouldEndWith("\nError: There is no token AAAAAAAAAAAAAAAAAAAAAA\n");

        (await program.RunAsync("token", "revoke", token.Key.Value)).ExitCode.ShouldBe(0);
        using var history = JsonDocument.Parse((await program.RunAsync("history", "-u", "ann", "-o", "json")).Output);
        history.RootElement.EnumerateArray().Select(change => change.GetProperty("action").GetString()).ShouldBe(["revoke", "create"]);
        var last = await program.RunAsync("history", "--limit", "1", "--output", "table");
        last.Output.Split('\n').Length.ShouldBe(3);
        last.Output.ShouldContain($"  revoke  {token.Key}  ann ");
        last.Errors.ShouldEndWith("\nListed 1 change of 2\n");

        // Log lines are printed if they are requested.
        (await program.RunAsync("token", "create", "-u", "ann", "-v")).Errors.ShouldContain("\"severity\":");
    }

    /// <summary>A terminal with 80 columns.</summary>
    [Fact]
    public async Task On_a_narrow_terminal_each_token_has_one_line_with_its_complete_key()
    {
        await using var program = new PorthorProgram();
        await program.PrepareShellAsync();
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        var key =
            Tokens.Token.Parse(
                (await program.RunAsync(
                    "token", "create", "-u", "a-user-with-a-long-name", "-n", "a token with a name that is long", "-s",
                    "read:all,user:token")).Output.TrimEnd('\n')).Key;
        var shown = await program.RunShellAsync("script -qefc 'stty cols 80; porthor token list' /dev/null < /dev/null");
        shown.ExitCode.ShouldBe(0, shown.Output);
        var line = shown.Output.Split('\n').Select(text => text.TrimEnd('\r')).Single(
            text => text.Contains(key.Value, StringComparison.Ordinal));
        line.ShouldStartWith(key.Value);
        line.Length.ShouldBeLessThanOrEqualTo(80);
        line.ShouldEndWith("never");
    }
}
