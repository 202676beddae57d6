using System.Net;
using Porthor.History;
using Porthor.Operations;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Commands;

/// <summary>
/// CLI-009, CLI-010, CLI-012, deviations 32: updates from every released revision to the newest one without a loss of data.
/// </summary>
public sealed partial class SchemaUpdateTests
{
    /// <param name="steps">The number of revisions after the oldest one that were already applied.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task An_updated_database_equals_a_new_one(int steps)
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var fresh = await Deployment.CreateAsync(Mode.Cluster);
        await fresh.OpenNodeAsync();
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        await using var program = await PorthorProgram.ForAsync(deployment);
        await postgres.ExecuteAsync(deployment.DatabaseName!, OldSchema.Script);
        foreach (var revision in Sql.Schema.SchemaScripts.Revisions.Skip(1).Take(steps))
            await postgres.ExecuteAsync(
                deployment.DatabaseName!, $"{Script($"to-{revision}")}; UPDATE alembic_version SET version_num = '{revision}'");

        // An old schema is not accepted as current, and read-only commands do not change it.
        var refused = await program.RunAsync("validate-schema");
        (refused.ExitCode, refused.Errors.TrimEnd('\n').Split('\n')[^1]).ShouldBe((1, "Error: Database schema is not current"));
        (await program.RunAsync("init")).ExitCode.ShouldBe(1);
        // Administrators are not dropped silently.
        var dropping = await program.RunAsync("update-schema");
        dropping.ExitCode.ShouldBe(1);
        dropping.Errors.ShouldContain("these users would no longer get the scope admin:token at login: boss. Add them to adminUsers.");
        (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT username FROM admin")).Single().ShouldBe(["boss"]);
        var path = program.Variables["PORTHOR_CONFIG_PATH"];
        await File.AppendAllTextAsync(
            path, steps == 0 ? "" : "\nadminUsers: [boss, other]\ninitialAdmins: [boss, former]\n", TestContext.Current.CancellationToken);
        var updated = await program.RunAsync([.. (string[])["update-schema"], .. steps == 0 ? (string[])["--drop-admins"] : []]);
        updated.ExitCode.ShouldBe(0, updated.Errors);
        updated.Errors.Contains(
            "Warning: initialAdmins has no effect. To give former the scope admin:token at login, name them in adminUsers",
            StringComparison.Ordinal)
            .ShouldBe(steps > 0);
        (await program.RunAsync("validate-schema")).ExitCode.ShouldBe(0);
        (await program.RunAsync("update-schema")).ExitCode.ShouldBe(0);

        (await ReadSchemaAsync(postgres, deployment)).ShouldBe(await ReadSchemaAsync(postgres, fresh));

        // The update keeps the data.
        var node = await deployment.OpenNodeAsync();
        var laptop = (await node.Tokens.GetTokenInfoUncheckedAsync(new TokenKey(new string('a', 22)))).ShouldNotBeNull();
        (laptop.Username, laptop.TokenName, laptop.Scopes.Text, laptop.Created).ShouldBe(
            ("ann", "laptop", "read:all,user:token", new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero)));
        (await node.Tokens.GetTokenInfoUncheckedAsync(new TokenKey(new string('b', 22))))!.Parent.ShouldBe(laptop.Token);
        var history = await node.Tokens.GetChangeHistoryAsync(
            TokenBuilders.Administrator(node.Clock),
            new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = "ann" }, Cursor: null, Limit: null));
        (await history.Rows.SingleAsync()).IpAddress!.ToString().ShouldBe("2001:db8::1");
    }

    [Fact]
    public async Task An_unknown_revision_is_not_changed()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        await using var program = await PorthorProgram.ForAsync(deployment);
        var postgres = await RealServers.Instance.PostgresAsync();
        await postgres.ExecuteAsync(deployment.DatabaseName!, OldSchema.Script);
        foreach (var (change, sentence) in ((string, string)[])[
            ("UPDATE alembic_version SET version_num = 'ffffffffffff'",
                "Cannot update the schema from revision ffffffffffff to 613640641b2f: the revision is not known."),
            ("DELETE FROM alembic_version",
                "The database has tables but no recorded revision (alembic_version). If they are those of release 9.6.1, record revision "
                    + "5c28ed7092c2 first.")])
        {
            await postgres.ExecuteAsync(deployment.DatabaseName!, change);
            var refused = await program.RunAsync("update-schema");
            (refused.ExitCode, refused.Errors.TrimEnd('\n').Split('\n')[^1]).ShouldBe((1, $"Error: {sentence}"));
        }
        (await postgres.QueryAsync(deployment.DatabaseName!, "SELECT username FROM admin")).Single().ShouldBe(["boss"]);
    }

    /// <summary>The commands of docs/operators/take-over.md, from the check to the return to the reference.</summary>
    [Fact]
    public async Task A_database_that_was_taken_over_and_returned_is_unchanged()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        // The reference's database has this name on the page.
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster, databaseName: "porthor");
        await using var program = await PorthorProgram.ForAsync(deployment);
        await program.PrepareShellAsync();
        var postgres = await RealServers.Instance.PostgresAsync();
        await postgres.ExecuteAsync("porthor", OldSchema.Script);
        foreach (var revision in Sql.Schema.SchemaScripts.Revisions.Skip(1))
            await postgres.ExecuteAsync("porthor", $"{Script($"to-{revision}")}; UPDATE alembic_version SET version_num = '{revision}'");
        var before = await DumpAsync(program);

        // The check accepts the database, and reports that its tokens have no records.
        File.Copy(program.Variables["PORTHOR_CONFIG_PATH"], Path.Combine(program.Folder, "gafaelfawr.yaml"));
        program.Variables.Remove("PORTHOR_CONFIG_PATH");
        var looked = await program.RunShellAsync(
            OperatorPage.Commands(OperatorPage.TakeOver, "Taking over a Gafaelfawr deployment").Single());
        looked.ExitCode.ShouldBe(0, looked.Errors);
        looked.Output.ShouldContain($"Token `{new string('a', 22)}` for `ann` found in database but not Redis");

        // After use it has additional tables, and the reference's tables are unchanged.
        program.Variables["PORTHOR_CONFIG_PATH"] = Path.Combine(program.Folder, "gafaelfawr.yaml");
        using (var serving = await ServingProgram.StartAsync(program, withMetrics: false))
        {
            var made = await program.RunAsync("token", "create", "--username", "bob", "--scopes", "read:all");
            (await serving.AuthorizeAsync(Token.Parse(made.Output.TrimEnd('\n')), "?scope=read:all")).ShouldBe(HttpStatusCode.OK);
            (await serving.Program.TerminateAsync()).ExitCode.ShouldBe(0);
        }
        (await program.RunAsync("update-schema")).ExitCode.ShouldBe(0);
        (await DumpAsync(program)).ShouldContain("porthor_history_by_parent");

        var left = await program.RunShellAsync(OperatorPage.Commands(OperatorPage.TakeOver, "Going back").Single());
        left.ExitCode.ShouldBe(0, left.Errors);
        (await DumpAsync(program)).ShouldBe(before);
    }

    private static string Script(string name)
    {
        using var stream = typeof(Sql.SqlStores).Assembly.GetManifestResourceStream($"Postgres/{name}.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
