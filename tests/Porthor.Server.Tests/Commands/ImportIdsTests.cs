using Porthor.Identity;
using Porthor.Storage;
using Porthor.Testing;
using Porthor.Users;

namespace Porthor.Server.Tests.Commands;

/// <summary>Imports IDs that another service assigned: all of a file or nothing.</summary>
public sealed class ImportIdsTests
{
    private const string ValidFile =
        """
        kind,name,id
        user,alice,3000017
        user,bot-backup,100004
        user,old-timer,512
        group,astronomers,2000003
        group,alice,2000004

        counter,uid,3000052
        counter,gid,2000002
        """;

    [Theory, EmbeddedAndCluster]
    public async Task IDs_are_imported_once_and_never_assigned_again(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        (await ImportAsync(program, ValidFile)).ShouldBe((0, "Imported 5 ids; 0 already existed."));
        (await ImportAsync(program, ValidFile)).ShouldBe((0, "Imported 0 ids; 5 already existed."));
        (await ImportAsync(program, "kind,name,id\n\n")).ShouldBe((1, $"Error: {program.Folder}/ids.csv contains no ids."));
        (await ImportAsync(program, "group,more,2000010\ncounter,uid,3000001")).ShouldBe((0, "Imported 1 ids; 0 already existed."));

        var ids = (await deployment.OpenNodeAsync()).Sql.Ids;
        var cancellation = TestContext.Current.CancellationToken;
        (await ids.FindAsync(IdKind.User, "alice", cancellation)).ShouldBe(3000017);
        (await ids.FindAsync(IdKind.Group, "alice", cancellation)).ShouldBe(2000004);
        (await ids.FindAsync(IdKind.User, "old-timer", cancellation)).ShouldBe(512);
        // Here the counter was higher than the highest ID; in other cases the highest ID is.
        (await NextAsync(ids, "new-user")).ShouldBe(3000052);
        (await NextAsync(ids, "bot-new")).ShouldBe(100005);
        (await ids.AssignAsync(IdKind.Group, "new-group", IdRange.Groups, cancellation)).ShouldBe(new(2000011, IsNew: true));
    }

    [Theory, EmbeddedAndCluster]
    public async Task Conflicts_are_reported_and_nothing_is_written(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        var ids = (await deployment.OpenNodeAsync()).Sql.Ids;
        (await NextAsync(ids, "early")).ShouldBe(3000000);

        (await ImportAsync(program, "user,fine,3000500\nuser,early,3000001\nuser,other,3000000\ngroup,fine,3000000")).ShouldBe(
            (1, """
                Error: These ids conflict with ids that were assigned here before; nothing was written:
                  user early has 3000000, not 3000001
                  3000000 belongs to user early, not to other
                """));
        (await ImportAsync(program,
            "user,fine,3000500\nuser,fine,1\nuser,else,3000500\nuser,Bad "
                + "Name,1\ngroup,12,5\nhost,x,1\nuser,x1\nuser,neg,-4\nuser,nil,0\ncounter,pid,5")).ShouldBe(
            (1, """
                Error: - has errors; nothing was written:
                  line 2: the name is in line 1 already
                  line 3: the id is in line 1 already
                  line 4: 'Bad Name' cannot be the name of a user
                  line 5: '12' cannot be the name of a group
                  line 6: 'host' is not user, group or counter
                  line 7: 'user,x1' is not kind,name,id
                  line 8: '-4' is not a positive integer
                  line 9: '0' is not a positive integer
                  line 10: 'pid' cannot be the name of a counter
                """.Replace(": - has", $": {program.Folder}/ids.csv has", StringComparison.Ordinal)));
        (await ids.FindAsync(IdKind.User, "fine", TestContext.Current.CancellationToken)).ShouldBeNull();
        (await NextAsync(ids, "next")).ShouldBe(3000001);
        (await program.RunAsync("import-ids", "no-such-file")).ExitCode.ShouldBe(1);
    }

    /// <summary>An ID is assigned during a long import: each ID belongs to one name.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task An_ID_that_is_being_imported_is_not_assigned(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings.WithLongTimeouts();
        var core = await deployment.OpenNodeAsync();
        var lines = string.Concat(Enumerable.Range(0, 3000).Select(i => $"user,user-{i}x,{3000000 + i}\n"));
        var import = IdImport.Read(new StringReader(lines), out var errors);
        errors.ShouldBeEmpty();
        var importing = core.Sql.Ids.ImportAsync(import, new Progress<long>(), TestContext.Current.CancellationToken);
        var assigned = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => NextAsync(core.Sql.Ids, $"meanwhile-{i}x")));
        var result = await importing;
        // Either the names got IDs after those of the file, or the file was rejected.
        if (result.Conflicts.Count == 0)
            assigned.ShouldAllBe(id => id >= 3003000);
        else
            assigned.Min().ShouldBe(3000000);
        assigned.Distinct().Count().ShouldBe(20);
    }

    private static async Task<long> NextAsync(IIdStore ids, string username) => (await ids.AssignAsync(
        IdKind.User, username, IdRange.OfUser(username), TestContext.Current.CancellationToken)).Id;

    /// <summary>Runs the import and returns its exit status and last message.</summary>
    private static async Task<(int, string)> ImportAsync(PorthorProgram program, string lines)
    {
        var file = Path.Combine(program.Folder, "ids.csv");
        await File.WriteAllTextAsync(file, lines);
        var outcome = await program.RunAsync("import-ids", file);
        outcome.Output.ShouldBeEmpty();
        var message = outcome.Errors.TrimEnd('\n');
        return (outcome.ExitCode, outcome.ExitCode == 0 ? message.Split('\n')[^1]
            : message[message.IndexOf("Error:", StringComparison.Ordinal)..]);
    }
}
