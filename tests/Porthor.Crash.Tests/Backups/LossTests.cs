using Porthor.Testing;

namespace Porthor.Crash.Tests.Backups;

/// <summary>
/// One of the two stores of a cluster is lost or restored to an older state: the table of docs/operators/backup.md, and the instructions of
/// docs/operators/incidents.md.
/// </summary>
public sealed class LossTests
{
    private const string User = "someone";

    /// <summary>The database is restored to yesterday's state, and Redis is not.</summary>
    [Fact]
    public async Task The_audit_reconciles_a_restored_PostgreSQL_with_Redis()
    {
        await using var site = await Site.StartAsync(Mode.Cluster);
        var kept = await site.MakeAsync(User, "kept");
        var revokedSince = await site.MakeAsync(User, "revoked since");
        var reducedSince = await site.MakeAsync(User, "reduced since");
        var before = await site.TellAsync(User);
        await site.DoAsync(OperatorPage.Backup, "Cluster");
        await site.RevokeAsync(revokedSince);
        await site.ReduceAsync(reducedSince);
        var madeSince = await site.MakeAsync(User, "made since");

        await site.StopNodeAsync();
        await site.DoAsync(OperatorPage.Backup, "Database", 1);
        await site.StartNodeAsync();

        // Lists and history are in yesterday's state. Revoked tokens are still denied, and tokens created since then work although they are
        // not listed.
        (await site.TellAsync(User)).ShouldBe(before);
        (await site.AuthorizeAsync(kept.Token, "read:all"), await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200));
        (await site.AuthorizeAsync(revokedSince.Token), await site.AuthorizeAsync(revokedSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(madeSince.Token), await site.AuthorizeAsync(madeSince.Child, "read:all")).ShouldBe((200, 200));

        // After the audit exactly the listed tokens are valid.
        await site.DoAsync(OperatorPage.Backup, "Cluster", 2);
        await site.ShouldAgreeAsync();
        (await site.AuthorizeAsync(madeSince.Token), await site.AuthorizeAsync(madeSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(revokedSince.Token), await site.AuthorizeAsync(revokedSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(kept.Token, "read:all"), await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200));
        // Scopes that were removed from a token since are not restored.
        (await site.AuthorizeAsync(reducedSince.Token), await site.AuthorizeAsync(reducedSince.Token, "read:all"),
            await site.AuthorizeAsync(reducedSince.Child, "read:all"))
            .ShouldBe((200, 403, 403));
        (await site.ListAsync(User)).ShouldBe(
            new[] { kept.Token, kept.Child, reducedSince.Token, reducedSince.Child }.Select(token => token.Key.Value), ignoreOrder: true);
    }

    /// <summary>Redis is lost and restored from a backup while the node keeps running.</summary>
    [Fact]
    public async Task Recently_revoked_tokens_are_denied_after_a_restore_of_Redis()
    {
        await using var site = await Site.StartAsync(Mode.Cluster);
        var kept = await site.MakeAsync(User, "kept");
        var revokedEarlier = await site.MakeAsync(User, "revoked more than an hour ago");
        var revokedLately = await site.MakeAsync(User, "revoked lately");
        var reducedLately = await site.MakeAsync(User, "reduced lately");
        (await site.AskAsync(
            HttpMethod.Put, "/auth/api/v1/quota-overrides", new { bypass = (string[])["some-group"] })).StatusCode.ShouldBe(200);
        await site.DoAsync(OperatorPage.Backup, "Cluster");
        await site.RevokeAsync(revokedEarlier);
        await site.ChangeDatabaseAsync("UPDATE porthor_revocation SET until = until - interval '61 minutes'");
        await site.RevokeAsync(revokedLately);
        await site.ReduceAsync(reducedLately);
        var madeSince = await site.MakeAsync(User, "made since");

        await site.RestoreRedisAsync();

        // Until Redis is available, token states are unknown. From the first response on, recently revoked tokens are denied and removed
        // scopes are missing.
        await RealServers.UntilAsync(async () => (await site.AuthorizeAsync(revokedLately.Token)).ShouldNotBe(503), "the record store");
        (await site.AuthorizeAsync(revokedLately.Token), await site.AuthorizeAsync(revokedLately.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(reducedLately.Token), await site.AuthorizeAsync(reducedLately.Token, "read:all"),
            await site.AuthorizeAsync(reducedLately.Child, "read:all"))
            .ShouldBe((200, 403, 403));
        (await site.AuthorizeAsync(kept.Token, "read:all"), await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200));
        (await site.AuthorizeAsync(madeSince.Token), await site.AuthorizeAsync(madeSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AskAsync(HttpMethod.Get, "/auth/api/v1/quota-overrides")).Body.ShouldContain("some-group");
        // The documentation warns of this state and describes how to correct it.
        (await site.AuthorizeAsync(revokedEarlier.Token)).ShouldBe(200);
        await site.DoAsync(OperatorPage.Backup, "Cluster", 2);
        (await site.AuthorizeAsync(revokedEarlier.Token), await site.AuthorizeAsync(revokedEarlier.Child, "read:all")).ShouldBe((401, 401));
        (await site.ListAsync(User)).ShouldBe(
            new[] { kept.Token, kept.Child, reducedLately.Token, reducedLately.Child }.Select(token => token.Key.Value), ignoreOrder: true);
        await site.ShouldAgreeAsync();

        // Redis rewrites its append-only file. A later start loads all data.
        await RealServers.UntilAsync(
            async () => (await site.RedisTellsAsync("persistence")).ShouldContain("aof_rewrite_in_progress:0"), "the append-only file");
        await site.Redis!.KillAsync();
        await site.Redis.RestartAsync();
        await RealServers.UntilAsync(async () => (await site.AuthorizeAsync(kept.Token, "read:all")).ShouldBe(200), "the record store");
    }

    /// <summary>Redis is lost without a backup: tokens cannot be restored, and new tokens can be created at once.</summary>
    [Fact]
    public async Task Without_a_backup_of_Redis_the_token_index_is_cleared_and_the_history_stays()
    {
        await using var site = await Site.StartAsync(Mode.Cluster);
        var lost = await site.MakeAsync(User, "lost");
        await site.Redis!.RestartEmptyAsync();
        await RealServers.UntilAsync(async () => (await site.AuthorizeAsync(lost.Token)).ShouldBe(401), "the record store");
        (await site.AuthorizeAsync(lost.Child, "read:all")).ShouldBe(401);

        // New tokens work before any repair.
        await site.LogInAsync();
        var fresh = await site.MakeAsync(User, "new");
        (await site.AuthorizeAsync(fresh.Token, "read:all")).ShouldBe(200);

        await site.DoAsync(OperatorPage.Incidents, "Redis is lost");
        (await site.AuthorizeAsync(fresh.Token, "read:all"), await site.AuthorizeAsync(fresh.Child, "read:all")).ShouldBe((200, 200));
        var listed = Requests.ItemsIn(await site.AskAsync(HttpMethod.Get, $"/auth/api/v1/users/{User}/tokens"));
        listed.Select(item => item.GetProperty("token").GetString()).ShouldBe(
            [fresh.Token.Key.Value, fresh.Child.Key.Value], ignoreOrder: true);
        var history = await site.HistoryAsync(User);
        foreach (var token in new[] { lost.Token, lost.Child })
            history.ShouldContain(token.Key.Value);
        await site.ShouldAgreeAsync();
    }
}
