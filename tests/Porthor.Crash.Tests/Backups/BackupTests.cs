using Porthor.Testing;

namespace Porthor.Crash.Tests.Backups;

/// <summary>A backup under load, a complete loss of data, and the restore, with the commands of docs/operators/backup.md.</summary>
public sealed class BackupTests
{
    private const string User = "someone";
    private const int Clients = 4;

    [Theory, EveryMode]
    public async Task A_restored_backup_is_complete_and_later_revocations_can_be_repeated(Mode mode)
    {
        await using var site = await Site.StartAsync(mode);
        var kept = await site.MakeAsync(User, "kept");
        var reduced = await site.MakeAsync(User, "reduced");
        await site.ReduceAsync(reduced);
        var revoked = await site.MakeAsync(User, "revoked");
        await site.RevokeAsync(revoked);
        var reducedSince = await site.MakeAsync(User, "reduced since");
        var revokedSince = await site.MakeAsync(User, "revoked since");
        var revokedByCommand = await site.MakeAsync(User, "revoked since by a command");
        var before = await site.TellAsync(User);

        // The backup is taken under load. No request fails.
        var busy = new BusyClients(site, Clients);
        await busy.UntilBusyAsync(BackupPhase.Before);
        busy.SetPhase(BackupPhase.During);
        await BackUpAsync(site, mode, busy);
        busy.SetPhase(BackupPhase.After);
        await busy.UntilBusyAsync(BackupPhase.After);
        await busy.StopAsync();

        // Changes after the backup, and then the loss of all data.
        await site.ReduceAsync(reducedSince);
        await site.RevokeAsync(revokedSince);
        (await site.RunAsync("token", "revoke", "--", revokedByCommand.Token.Key.Value)).ExitCode.ShouldBe(0);
        var madeSince = await site.MakeAsync(User, "made since");
        var log = await RestoreAsync(site, mode);

        // The restored tokens have their scopes, children and history.
        (await site.TellAsync(User)).ShouldBe(before);
        (await site.AuthorizeAsync(kept.Token), await site.AuthorizeAsync(kept.Token, "read:all"),
            await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200, 200));
        (await site.AuthorizeAsync(reduced.Token), await site.AuthorizeAsync(reduced.Token, "read:all")).ShouldBe((200, 403));
        // Tokens revoked before the backup stay invalid. Changes since the backup are undone.
        (await site.AuthorizeAsync(revoked.Token), await site.AuthorizeAsync(revoked.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(madeSince.Token), await site.AuthorizeAsync(madeSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(revokedSince.Token), await site.AuthorizeAsync(revokedSince.Child, "read:all")).ShouldBe((200, 200));
        (await site.AuthorizeAsync(reducedSince.Token, "read:all")).ShouldBe(200);
        await busy.CheckAsync();

        (await site.AuthorizeAsync(revokedByCommand.Token), await site.AuthorizeAsync(revokedByCommand.Child, "read:all"))
            .ShouldBe((200, 200));

        // The revocations are repeated: the log contains those of the server, and the history of the old database also those of commands.
        await site.WriteAsync("porthor.log", log);
        await site.DoAsync(OperatorPage.Backup, "Revoke tokens again", 2);
        var logged = await site.ReadLinesAsync("revoked.txt");
        logged.ShouldContain(revokedSince.Token.Key.Value);
        await site.DoAsync(OperatorPage.Backup, "Revoke tokens again", mode == Mode.Embedded ? 1 : 0);
        logged.ShouldBeSubsetOf(await site.ReadLinesAsync("revoked.txt"));
        // Children that are revoked with their parents are reported as missing.
        var again = await site.TryAsync(OperatorPage.Backup, "Revoke tokens again", 3);
        if (again.ExitCode != 0)
            again.Errors.TrimEnd('\n').Split('\n')[^1].ShouldStartWith("Error: There is no token ");
        foreach (var tree in (Tree[])[revokedSince, revokedByCommand])
            (await site.AuthorizeAsync(tree.Token), await site.AuthorizeAsync(tree.Child, "read:all")).ShouldBe((401, 401));
        await busy.CheckRevokedAsync();
        (await site.AuthorizeAsync(kept.Token), await site.AuthorizeAsync(reducedSince.Token)).ShouldBe((200, 200));
    }

    /// <summary>
    /// Takes a backup during which tokens are written. Where a backup takes almost no time, it is repeated until that is the case.
    /// </summary>
    private static async Task BackUpAsync(Site site, Mode mode, BusyClients busy)
    {
        int answered;
        do
        {
            site.ForgetBackup();
            answered = busy.AnswersIn(BackupPhase.During);
            var printed = await site.DoAsync(OperatorPage.Backup, $"{mode}");
            if (mode == Mode.Embedded)
                printed.ShouldBe("ok\n");
        }
        while (busy.AreWell && busy.AnswersIn(BackupPhase.During) == answered);
    }

    /// <summary>Stops the node, restores the stores of the mode, and starts the node again. Returns the log of the stopped node.</summary>
    private static async Task<string> RestoreAsync(Site site, Mode mode)
    {
        var log = await site.StopNodeAsync();
        switch (mode)
        {
            case Mode.Embedded:
                await site.DoAsync(OperatorPage.Backup, "Embedded", 1);
                foreach (var file in Directory.GetFiles(site.Data))
                    File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
                foreach (var name in (string[])["session-secret", "bootstrap-token", "local-admin"])
                    (await File.ReadAllTextAsync(Path.Combine(site.Data, name))).ShouldBe(
                        await File.ReadAllTextAsync(Path.Combine(site.Data + ".lost", name)));
                break;
            case Mode.Database:
                await site.DoAsync(OperatorPage.Backup, "Database", 1);
                (await site.DoAsync(OperatorPage.Backup, "Database", 2)).ShouldBeEmpty();
                break;
            case Mode.Cluster:
                await site.DoAsync(OperatorPage.Backup, "Database", 1);
                await site.RestoreRedisAsync();
                break;
        }
        await site.StartNodeAsync();
        if (mode == Mode.Cluster)
            await site.DoAsync(OperatorPage.Backup, "Cluster", 2);
        if (mode != Mode.Database)
            await site.ShouldAgreeAsync();
        return log;
    }
}
