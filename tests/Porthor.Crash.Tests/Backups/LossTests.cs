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
        var kept = await site.CreateTreeAsync(User, "kept");
        var revokedSince = await site.CreateTreeAsync(User, "revoked since");
        var reducedSince = await site.CreateTreeAsync(User, "reduced since");
        var before = await site.DescribeAsync(User);
        await site.RunBlockAsync(OperatorPage.Backup, "Cluster");
        await site.RevokeAsync(revokedSince);
        await site.ReduceAsync(reducedSince);
        var createdSince = await site.CreateTreeAsync(User, "created since");

        await site.StopNodeAsync();
        await site.RunBlockAsync(OperatorPage.Backup, "Database", 1);
        await site.StartNodeAsync();

        // The lists and the history are from before the restore point. Revoked tokens are still denied. Tokens that were created since then
        // are allowed, although they are not listed.
        (await site.DescribeAsync(User)).ShouldBe(before);
        (await site.AuthorizeAsync(kept.Token, "read:all"), await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200));
        (await site.AuthorizeAsync(revokedSince.Token), await site.AuthorizeAsync(revokedSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(createdSince.Token), await site.AuthorizeAsync(createdSince.Child, "read:all")).ShouldBe((200, 200));

        // After the audit exactly the listed tokens are valid.
        await site.RunBlockAsync(OperatorPage.Backup, "Cluster", 2);
        await site.ShouldAgreeAsync();
        (await site.AuthorizeAsync(createdSince.Token), await site.AuthorizeAsync(createdSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(revokedSince.Token), await site.AuthorizeAsync(revokedSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.AuthorizeAsync(kept.Token, "read:all"), await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200));
        // The audit does not restore scopes that were removed since then.
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
        var kept = await site.CreateTreeAsync(User, "kept");
        var revokedEarlier = await site.CreateTreeAsync(User, "revoked more than an hour ago");
        var revokedRecently = await site.CreateTreeAsync(User, "revoked lately");
        var reducedRecently = await site.CreateTreeAsync(User, "reduced lately");
        (await site.SendAsync(
            HttpMethod.Put, "/auth/api/v1/quota-overrides", new { bypass = (string[])["some-group"] })).StatusCode.ShouldBe(200);
        await site.RunBlockAsync(OperatorPage.Backup, "Cluster");
        await site.RevokeAsync(revokedEarlier);
        await site.ChangeDatabaseAsync("UPDATE porthor_revocation SET until = until - interval '61 minutes'");
        await site.RevokeAsync(revokedRecently);
        await site.ReduceAsync(reducedRecently);
        var createdSince = await site.CreateTreeAsync(User, "created since");

        await site.RestoreRedisAsync();

        // Until Redis is available, the state of tokens is unknown. From the first response on, recently revoked tokens are denied, and
        // removed scopes are missing.
        await RealServers.WaitUntilAsync(
            async () => (await site.AuthorizeAsync(revokedRecently.Token)).ShouldNotBe(503), "the record store");
        (await site.AuthorizeAsync(revokedRecently.Token), await site.AuthorizeAsync(revokedRecently.Child, "read:all"))
            .ShouldBe((401, 401));
        (await site.AuthorizeAsync(reducedRecently.Token), await site.AuthorizeAsync(reducedRecently.Token, "read:all"),
            await site.AuthorizeAsync(reducedRecently.Child, "read:all"))
            .ShouldBe((200, 403, 403));
        (await site.AuthorizeAsync(kept.Token, "read:all"), await site.AuthorizeAsync(kept.Child, "read:all")).ShouldBe((200, 200));
        (await site.AuthorizeAsync(createdSince.Token), await site.AuthorizeAsync(createdSince.Child, "read:all")).ShouldBe((401, 401));
        (await site.SendAsync(HttpMethod.Get, "/auth/api/v1/quota-overrides")).Body.ShouldContain("some-group");
        // The documentation warns of this state and describes how to correct it.
        (await site.AuthorizeAsync(revokedEarlier.Token)).ShouldBe(200);
        await site.RunBlockAsync(OperatorPage.Backup, "Cluster", 2);
        (await site.AuthorizeAsync(revokedEarlier.Token), await site.AuthorizeAsync(revokedEarlier.Child, "read:all")).ShouldBe((401, 401));
        (await site.ListAsync(User)).ShouldBe(
            new[] { kept.Token, kept.Child, reducedRecently.Token, reducedRecently.Child }.Select(token => token.Key.Value),
            ignoreOrder: true);
        await site.ShouldAgreeAsync();

        // Redis rewrites its append-only file. Later it loads all data from this file when it starts.
        await RealServers.WaitUntilAsync(
            async () => (await site.ReadRedisInfoAsync("persistence")).ShouldContain("aof_rewrite_in_progress:0"), "the append-only file");
        await site.Redis!.KillAsync();
        await site.Redis.RestartAsync();
        await RealServers.WaitUntilAsync(async () => (await site.AuthorizeAsync(kept.Token, "read:all")).ShouldBe(200), "the record store");
    }

    /// <summary>Redis is lost without a backup: tokens cannot be restored, and new tokens can be created at once.</summary>
    [Fact]
    public async Task Without_a_backup_of_Redis_the_token_index_is_cleared_and_the_history_stays()
    {
        await using var site = await Site.StartAsync(Mode.Cluster);
        var lost = await site.CreateTreeAsync(User, "lost");
        await site.Redis!.RestartEmptyAsync();
        await RealServers.WaitUntilAsync(async () => (await site.AuthorizeAsync(lost.Token)).ShouldBe(401), "the record store");
        (await site.AuthorizeAsync(lost.Child, "read:all")).ShouldBe(401);

        // New tokens work before any repair.
        await site.LogInAsync();
        var created = await site.CreateTreeAsync(User, "new");
        (await site.AuthorizeAsync(created.Token, "read:all")).ShouldBe(200);

        await site.RunBlockAsync(OperatorPage.Incidents, "Redis is lost");
        (await site.AuthorizeAsync(created.Token, "read:all"), await site.AuthorizeAsync(created.Child, "read:all")).ShouldBe((200, 200));
        var listed = Requests.ItemsIn(await site.SendAsync(HttpMethod.Get, $"/auth/api/v1/users/{User}/tokens"));
        listed.Select(item => item.GetProperty("token").GetString()).ShouldBe(
            [created.Token.Key.Value, created.Child.Key.Value], ignoreOrder: true);
        var history = await site.HistoryAsync(User);
        foreach (var token in new[] { lost.Token, lost.Child })
            history.ShouldContain(token.Key.Value);
        await site.ShouldAgreeAsync();
    }
}
