using System.Globalization;
using Npgsql;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>The creation of a child locks its parent against changes, and waits while the parent is being changed.</summary>
public sealed class ParentLockTests
{
    private static readonly ScopeSet AllScopes = ScopeSet.Of("read:all", "read:some");
    private static readonly ScopeSet Reduced = ScopeSet.Of("read:all");

    /// <summary>The reference and users of psql change the row without an explicit lock.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task The_creation_of_a_child_waits_for_a_change_of_its_parents_row(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var parent = await CreateParentAsync(node);
        await using var other = await ConnectAsync(deployment);
        await ExecuteAsync(other, $"BEGIN; UPDATE token SET scopes = '{Reduced}' WHERE token = '{parent.Record.Token.Key}'");

        var creation = node.Tokens.GetInternalTokenAsync(parent, "tap", AllScopes);
        await WaitForLockWaitsAsync(deployment, creation, waiting: 1);
        await ExecuteAsync(other, "COMMIT");

        (await node.Tokens.GetTokenInfoUncheckedAsync((await creation).Key))!.Scopes.ShouldBe(Reduced);
    }

    /// <summary>
    /// PostgreSQL grants <c>FOR KEY SHARE</c> despite a concurrent <c>FOR UPDATE</c> if that lock was granted at the moment when another
    /// transaction's <c>FOR KEY SHARE</c> ended (<c>heap_lock_tuple</c>). Therefore the creation of a child uses a stronger lock.
    /// </summary>
    [Theory]
    [InlineData(Mode.Database, false)]
    [InlineData(Mode.Database, true)]
    [InlineData(Mode.Cluster, false)]
    [InlineData(Mode.Cluster, true)]
    public async Task A_child_is_not_created_during_a_change_that_started_as_another_creation_ended(Mode mode, bool revoke)
    {
        Prerequisites.SkipWhen(Prerequisites.SkipReason(mode) ?? Debugger.SkipReason);
        await using var deployment = await Deployment.CreateAsync(mode);
        var changingNode = await deployment.OpenNodeAsync();
        var others = await BackendPidsAsync(deployment);
        // One connection, and long timeouts, so that nothing else uses the connection and no health check fails while the process is
        // stopped.
        deployment.Settings = deployment.Settings with
        {
            DatabaseConnections = 1,
            AnswerTimeout = TimeSpan.FromMinutes(5),
            ApiTimeout = TimeSpan.FromMinutes(5)
        };
        var node = await deployment.OpenNodeAsync();
        var parent = await CreateParentAsync(node);
        var older = await node.Tokens.GetInternalTokenAsync(parent, "elder", AllScopes);
        var backend = (await BackendPidsAsync(deployment)).Except(others).Single();

        // Another child is being created.
        await using var otherCreation = await ConnectAsync(deployment);
        await ExecuteAsync(otherCreation, $"BEGIN; SELECT 1 FROM token WHERE token = '{parent.Record.Token.Key}' FOR KEY SHARE");
        // This node requests the parent's lock, has read its holder, and is stopped before it checks again.
        await using var debugger = await Debugger.AttachAsync(backend);
        await debugger.RunAsync("break heap_lock_tuple");
        await debugger.SendAsync("continue");
        var creation = node.Tokens.GetInternalTokenAsync(parent, "tap", AllScopes);
        await debugger.RunAsync("delete", "break LockBuffer if $esi == 2", "continue", "continue");
        // The other creation ends. The change gets its lock on the parent, but not yet on the older child.
        await ExecuteAsync(otherCreation, "ROLLBACK");
        await ExecuteAsync(otherCreation, $"BEGIN; SELECT 1 FROM token WHERE token = '{older.Key}' FOR UPDATE");
        var change = ChangeAsync(changingNode, parent, revoke);
        await WaitForLockWaitsAsync(deployment, creation, waiting: 1);
        // This node continues.
        await debugger.SendAsync("delete", "detach", "quit");
        await WaitForLockWaitsAsync(deployment, creation, waiting: 2);
        await ExecuteAsync(otherCreation, "ROLLBACK");

        await change;
        if (revoke)
        {
            (await Should.ThrowAsync<PorthorException>(
                async () => await changingNode.Tokens.CallerAsync(await creation))).Error.Kind.ShouldBe(ErrorKind.InvalidToken);
            return;
        }
        (await changingNode.Tokens.CallerAsync(await creation)).Scopes.ShouldBe(Reduced);
    }

    private static Task ChangeAsync(PorthorDeployment node, Caller parent, bool revoke)
    {
        var (key, administrator) = (parent.Record.Token.Key, TokenBuilders.Administrator(node.Clock));
        return revoke
            ? node.Tokens.DeleteTokenAsync(key, administrator, parent.Username)
            : node.Tokens.ModifyTokenAsync(key, administrator, parent.Username, new TokenEdit { Scopes = Reduced });
    }

    private static async Task<Caller> CreateParentAsync(PorthorDeployment node)
    {
        var request = new AdminTokenRequest { Username = "someuser", TokenType = TokenType.User, TokenName = "parent", Scopes = AllScopes };
        return await node.Tokens.CallerAsync(
            await node.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(node.Clock)));
    }

    /// <summary>Waits until this number of statements waits for locks, or until the child was created.</summary>
    private static Task WaitForLockWaitsAsync(Deployment deployment, Task creation, int waiting) => RealServers.WaitUntilAsync(
        async () =>
        {
            if (!creation.IsCompleted)
                (await QueryAsync(deployment,
                    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))
                        .Count.ShouldBe(waiting);
        },
        $"{waiting} statements that wait");

    private static async Task<List<int>> BackendPidsAsync(Deployment deployment)
    {
        var rows = await QueryAsync(
            deployment, "SELECT pid FROM pg_stat_activity WHERE application_name = 'porthor' AND datname = current_database()");
        return [.. rows.Select(row => int.Parse(row[0]!, CultureInfo.InvariantCulture))];
    }

    private static async Task<List<string?[]>> QueryAsync(Deployment deployment, string query) =>
        await (await RealServers.Instance.PostgresAsync()).QueryAsync(deployment.DatabaseName!, query);

    private static async Task<NpgsqlConnection> ConnectAsync(Deployment deployment)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        var connection = new NpgsqlConnection(postgres.ConnectionString(deployment.DatabaseName!) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string script)
    {
        await using var command = new NpgsqlCommand(script, connection);
        await command.ExecuteNonQueryAsync();
    }
}
