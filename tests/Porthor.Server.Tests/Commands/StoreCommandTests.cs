using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Commands;

/// <summary>CLI-002, CLI-004, CLI-006, CLI-010, CLI-011: commands that use the stores.</summary>
public sealed partial class StoreCommandTests
{
    [Theory, EmbeddedAndCluster]
    public async Task Tokens_are_created_listed_and_revoked_on_the_command_line(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);

        // Three tokens of one user and one of another, which work at once.
        var core = await deployment.OpenNodeAsync();
        List<Tokens.Token> made = [];
        foreach (var (user, name) in (List<(string, string)>)[("ann", "one"), ("ann", "two"), ("ann", "three"), ("bob", "one")])
        {
            var created = await program.RunAsync(
                "token", "create", "--username", user, "--name", name, "--scopes", "read:all,user:token", "--lifetime", "30d");
            created.ExitCode.ShouldBe(0, created.Errors);
            made.Add(Tokens.Token.Parse(created.Output.TrimEnd('\n')));
            created.Errors.ShouldNotContain(created.Output.TrimEnd('\n'));
        }

        // The list contains keys and no secrets.
        var list = await program.RunAsync("token", "list", "--username", "ann");
        list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[..5])
            .Select(cells => string.Join(' ', cells)).ShouldBe(
                made.Take(3).Zip(["one", "two", "three"], (token, name) => $"{token.Key} ann user {name} read:all,user:token"),
                ignoreOrder: true);
        foreach (var token in made)
            list.Output.ShouldNotContain(token.Reveal().Split('.')[1]);

        // One token is revoked by its key, which works once; then all other tokens of the user. The other user's token stays valid.
        var one = await program.RunAsync("token", "revoke", made[0].Key.Value);
        (one.Output, Last(one)).ShouldBe(($"Revoked {made[0].Key} of ann\n", "Revoked 1 token"));
        ShouldBeError(await program.RunAsync("token", "revoke", made[0].Key.Value), $"There is no token {made[0].Key}");
        var unconfirmed = await program.RunAsync("token", "revoke", "--all-of", "ann");
        (unconfirmed.ExitCode, unconfirmed.Output, Last(unconfirmed.Errors)).ShouldBe(
            (2, "", "Error: This revokes 2 tokens of ann. There is no terminal to ask for confirmation. To confirm, add --yes."));
        var all = await program.RunAsync("token", "revoke", "--all-of", "ann", "--yes");
        Last(all).ShouldBe("Revoked 2 tokens");
        all.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
            made.Skip(1).Take(2).Select(token => $"Revoked {token.Key} of ann"), ignoreOrder: true);
        (await program.RunAsync("token", "list")).Output.Split('\t')[0].ShouldBe(made[3].Key.Value);
        (await core.Tokens.GetTokenInfoUncheckedAsync(made[1].Key)).ShouldBeNull();
        (await core.Tokens.GetTokenInfoUncheckedAsync(made[3].Key)).ShouldNotBeNull();

        // Errors are reported. A key that starts like an option is still accepted as a key.
        const string odder = "-hAAAAAAAAAAAAAAAAAAAA";
        ShouldBeError(await program.RunAsync("token", "revoke", odder), $"There is no token {odder}");
        // A user without tokens is known; a mistyped username is not.
        Last(await program.RunAsync("token", "revoke", "--all-of", "ann")).ShouldBe("Revoked 0 tokens");
        foreach (var verb in (string[][])[
            ["token", "revoke", "--yes", "--all-of", "anm"], ["token", "list", "--username", "anm"], ["history", "--username", "anm"]])
            ShouldBeError(await program.RunAsync(verb), "There is no user anm: no token and no history entry has this name.");
        (await program.RunAsync("token", "create", "--username", "ann", "--scopes", "no:such")).ExitCode.ShouldBe(1);

        // Deletion requires a confirmation.
        var asked = await program.RunAsync("delete-all-data");
        (asked.ExitCode, Last(asked.Errors))
            .ShouldBe(
                (2, $"Error: This deletes every token and all history of the {DeploymentText.Of(core.Settings)}, and cannot be undone. "
                    + $"There is no terminal to ask for confirmation. To confirm, add --yes."));
        (await core.Tokens.GetTokenInfoUncheckedAsync(made[3].Key)).ShouldNotBeNull();
        Last(await program.RunAsync("delete-all-data", "--yes")).ShouldBe("All data is deleted.");
        (await core.Tokens.GetTokenInfoUncheckedAsync(made[3].Key)).ShouldBeNull();
        (await program.RunAsync("token", "list")).Output.ShouldBeEmpty();
        Last(await program.RunAsync("maintenance")).ShouldBe(
            "Removed 0 expired tokens and 0 old changes; 0 users with tokens that expire, 0 user tokens.");
        Last(await program.RunAsync("audit", "--strict")).ShouldBe("Checked 0 tokens, 0 findings");
    }

    /// <summary>The number of revoked tokens includes the descendants.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task A_revocation_reports_all_revoked_tokens(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        var core = await deployment.OpenNodeAsync();
        List<Tokens.TokenKey> roots = [];
        for (var i = 0; i < 4; i++)
        {
            var session = await core.Tokens.SessionForAsync("ann", "read:all,user:token");
            var child = await core.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all"));
            await core.Tokens.GetInternalTokenAsync(await core.Tokens.CallerAsync(child), "inner", ScopeSet.Of("read:all"));
            roots.Add(session.Record.Token.Key);
        }
        var one = await program.RunAsync("token", "revoke", "--", roots[0].Value);
        (one.Output, Last(one)).ShouldBe(($"Revoked {roots[0]} of ann\n", "Revoked 1 token and 2 tokens derived from it"));
        Last(await program.RunAsync("token", "revoke", "--", roots[1].Value, roots[2].Value)).ShouldBe(
            "Revoked 2 tokens and 4 tokens derived from them");
        Last(await program.RunAsync("token", "revoke", "--all-of", "ann", "--yes")).ShouldBe("Revoked 3 tokens");
    }

    /// <summary>If records cannot be deleted, their rows must stay: every valid token is listed.</summary>
    [Fact]
    public async Task No_row_is_deleted_while_the_records_cannot_be_deleted()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
        await using var program = await PorthorProgram.ForAsync(deployment);
        var core = await deployment.OpenNodeAsync();
        var session = await core.Tokens.SessionForAsync("ann");
        await redis.KillAsync();

        var failed = await program.RunAsync("delete-all-data", "--yes");
        (failed.ExitCode, failed.Output).ShouldBe((1, ""));
        Last(failed.Errors).ShouldStartWith("Error: The token record store is not available");
        (await core.Tokens.GetTokenInfoUncheckedAsync(session.Record.Token.Key)).ShouldNotBeNull();
    }

    /// <summary>A name that other software stored must neither move the cursor nor look like another row.</summary>
    [Fact]
    public async Task A_list_prints_each_name_in_one_line()
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Embedded);
        await using var program = await PorthorProgram.ForAsync(deployment);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        (await program.RunAsync("token", "create", "--username", "ann", "--name", "a\tb")).ExitCode.ShouldBe(1);
        (await program.RunAsync("token", "create", "--username", "ann", "--name", "ab")).ExitCode.ShouldBe(0);
        const string name = "'a' || char(9) || 'b' || char(10) || 'c' || char(27) || '[2Jd' || char(155) || 'é'";
        var renamed = await program.RunShellAsync(
            $"sqlite3 '{deployment.Settings.DataDirectory}/porthor.db' \"UPDATE token SET token_name = {name}\"");
        renamed.ExitCode.ShouldBe(0, renamed.Errors);
        var line = (await program.RunAsync("token", "list")).Output.TrimEnd('\n').Split('\n').ShouldHaveSingleItem();
        line.Split('\t').Length.ShouldBe(7);
        line.Split('\t')[3].ShouldBe("a?b?c?[2Jd?é");
    }

    private static void ShouldBeError(Outcome outcome, string sentence) =>
        (outcome.ExitCode, Last(outcome.Errors)).ShouldBe((1, $"Error: {sentence}"));

    /// <summary>Returns the last line of standard error, which reports the result.</summary>
    private static string Last(Outcome outcome)
    {
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
        return Last(outcome.Errors);
    }

    private static string Last(string text) => text.TrimEnd('\n').Split('\n')[^1];
}
