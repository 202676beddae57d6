using Porthor.Testing;

namespace Porthor.Crash.Tests.Backups;

/// <summary>Takes a backup under load, deletes all data, and restores the data with the commands of docs/operators/backup.md.</summary>
public sealed class BackupTests
{
    private const string User = "someone";
    private const int Clients = 4;

    [Theory, EveryMode]
    public async Task A_restored_backup_is_complete_and_later_revocations_can_be_repeated(Mode mode)
    {
        await using var site = await Site.StartAsync(mode);
        var kept = await site.CreateTreeAsync(User, "kept");
        var reduced = await site.CreateTreeAsync(User, "reduced");
        await site.ReduceAsync(reduced);
        var revoked = await site.CreateTreeAsync(User, "revoked");
        await site.RevokeAsync(revoked);
        var reducedSince = await site.CreateTreeAsync(User, "reduced since");
        var revokedSince = await site.CreateTreeAsync(User, "revoked since");
        var revokedByCommand = await site.CreateTreeAsync(User, "revoked since by a command");
        var before = await site.DescribeAsync(User);

        // The backup is taken under load. No request fails.
        var clients = new BusyClients(site, Clients);
        await clients.WaitUntilBusyAsync(BackupPhase.Before);
        clients.SetPhase(BackupPhase.During);
        await BackUpAsync(site, mode, clients);
        clients.SetPhase(BackupPhase.After);
        await clients.WaitUntilBusyAsync(BackupPhase.After);
        await clients.StopAsync();

        // Changes after the backup, which are lost with the data.
        await site.ReduceAsync(reducedSince);
        await site.RevokeAsync(revokedSince);
        (await site.RunAsync("token", "revoke", "--", revokedByCommand.Token.Key.Value)).ExitCode.ShouldBe(0);
        var createdSince = await site.CreateTreeAsync(User, "created since");
        var log = await RestoreAsync(site, mode);

        // The restored tokens have their scopes, children and history.
        (await site.DescribeAsync(User)).ShouldBe(before);
        (await site.AuthorizeAsync(kept.Token), await site.AuthorizeAsync(kept.Token, "read:all"),
            await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200, 200));
        (await site.AuthorizeAsync(reduced.Token), await site.AuthorizeAsync(reduced.Token, "read:all")).ShouldBe((200, 403));
        // Tokens revoked before the backup stay invalid. Changes since the backup are undone.
        (await site.AuthorizeAsync(revoked.Token), await site.AuthorizeAsync(revoked.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(createdSince.Token), await site.AuthorizeAsync(createdSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(revokedSince.Token), await site.AuthorizeAsync(revokedSince.Child, "read:all")).ShouldBe((200, 200));
        (await site.AuthorizeAsync(reducedSince.Token, "read:all")).ShouldBe(200);
        await clients.CheckAsync();

        (await site.AuthorizeAsync(revokedByCommand.Token), await site.AuthorizeAsync(revokedByCommand.Child, "read:all"))
            .ShouldBe((200, 200));

        // Repeats the revocations. The log contains the revocations of the server. The history of the old database also contains those of
        // commands.
        await site.WriteAsync("porthor.log", log);
        await site.RunBlockAsync(OperatorPage.Backup, "Revoke tokens again", 2);
        var logged = await site.ReadLinesAsync("revoked.txt");
        logged.ShouldContain(revokedSince.Token.Key.Value);
        await site.RunBlockAsync(OperatorPage.Backup, "Revoke tokens again", mode == Mode.Embedded ? 1 : 0);
        logged.ShouldBeSubsetOf(await site.ReadLinesAsync("revoked.txt"));
        // Children that are revoked with their parents are reported as missing.
        var repeated = await site.TryBlockAsync(OperatorPage.Backup, "Revoke tokens again", 3);
        if (repeated.ExitCode != 0)
            repeated.Errors.TrimEnd('\n').Split('\n')[^1].ShouldStartWith("Error: There is no token ");
        foreach (var tree in (Tree[])[revokedSince, revokedByCommand])
            (await site.AuthorizeAsync(tree.Token), await site.AuthorizeAsync(tree.Child, "read:all")).ShouldBe((401, 401));
        await clients.CheckRevokedAsync();
        (await site.AuthorizeAsync(kept.Token), await site.AuthorizeAsync(reducedSince.Token)).ShouldBe((200, 200));
    }

    /// <summary>Takes a backup while clients write tokens. A backup can end before a client gets an answer; then it is repeated.</summary>
    private static async Task BackUpAsync(Site site, Mode mode, BusyClients clients)
    {
        int answered;
        do
        {
            site.ClearBackupFolder();
            answered = clients.AnswersIn(BackupPhase.During);
            var output = await site.RunBlockAsync(OperatorPage.Backup, $"{mode}");
            if (mode == Mode.Embedded)
                output.ShouldBe("ok\n");
        }
        while (clients.NoneHasFailed && clients.AnswersIn(BackupPhase.During) == answered);
    }

    /// <summary>Stops the node, restores the stores of the mode, and starts the node again. Returns the log of the stopped node.</summary>
    private static async Task<string> RestoreAsync(Site site, Mode mode)
    {
        var log = await site.StopNodeAsync();
        switch (mode)
        {
            case Mode.Embedded:
                await site.RunBlockAsync(OperatorPage.Backup, "Embedded", 1);
                foreach (var file in Directory.GetFiles(site.Data))
                    File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
                foreach (var name in (string[])["session-secret", "bootstrap-token", "local-admin"])
                    (await File.ReadAllTextAsync(Path.Combine(site.Data, name))).ShouldBe(
                        await File.ReadAllTextAsync(Path.Combine(site.Data + ".lost", name)));
                break;
            case Mode.Database:
                await site.RunBlockAsync(OperatorPage.Backup, "Database", 1);
                (await site.RunBlockAsync(OperatorPage.Backup, "Database", 2)).ShouldBeEmpty();
                break;
            case Mode.Cluster:
                await site.RunBlockAsync(OperatorPage.Backup, "Database", 1);
                await site.RestoreRedisAsync();
                break;
        }
        await site.StartNodeAsync();
        if (mode == Mode.Cluster)
            await site.RunBlockAsync(OperatorPage.Backup, "Cluster", 2);
        if (mode != Mode.Database)
            await site.ShouldAgreeAsync();
        return log;
    }
}
