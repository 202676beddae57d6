using System.Globalization;
using Npgsql;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>The lock that a child is made under keeps everybody from changing its parent, and is given to nobody while somebody does.</summary>
public sealed class ParentLockTests
{
    private static readonly ScopeSet Wide = ScopeSet.Of("read:all", "read:some");
    private static readonly ScopeSet Narrow = ScopeSet.Of("read:all");

    /// <summary>As the reference changes it, or somebody at the database's console: without asking for a lock first.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task A_child_waits_for_whoever_is_changing_its_parents_row(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var parent = await ParentAsync(node);
        await using var other = await ConnectAsync(deployment);
        await ExecuteAsync(other, $"BEGIN; UPDATE token SET scopes = '{Narrow}' WHERE token = '{parent.Record.Token.Key}'");

        var making = node.Tokens.GetInternalTokenAsync(parent, "tap", Wide);
        await UntilAsync(deployment, making, waiting: 1);
        await ExecuteAsync(other, "COMMIT");

        (await node.Tokens.GetTokenInfoUncheckedAsync((await making).Key))!.Scopes.ShouldBe(Narrow);
    }

    /// <summary>
    /// PostgreSQL gives <c>FOR KEY SHARE</c> although somebody has <c>FOR UPDATE</c>, if that somebody got it just when another's
    /// <c>FOR KEY SHARE</c> ended and it was being asked for (<c>heap_lock_tuple</c>). So it is not what a child is made under.
    /// </summary>
    [Theory]
    [InlineData(Mode.Database, false)]
    [InlineData(Mode.Database, true)]
    [InlineData(Mode.Cluster, false)]
    [InlineData(Mode.Cluster, true)]
    public async Task A_child_is_not_made_beside_a_change_that_began_as_another_child_was_done(Mode mode, bool revoke)
    {
        Prerequisites.SkipWhen(Prerequisites.WhyNot(mode) ?? Debugger.WhyNot);
        await using var deployment = await Deployment.CreateAsync(mode);
        var changing = await deployment.OpenNodeAsync();
        var others = await BackendsAsync(deployment);
        // One connection, through which nothing else is asked while its process stands still: what tells that it says nothing has time.
        deployment.Settings = deployment.Settings with { DatabaseConnections = 1, AnswerTimeout = TimeSpan.FromMinutes(5), ApiTimeout = TimeSpan.FromMinutes(5) };
        var node = await deployment.OpenNodeAsync();
        var parent = await ParentAsync(node);
        var elder = await node.Tokens.GetInternalTokenAsync(parent, "elder", Wide);
        var backend = (await BackendsAsync(deployment)).Except(others).Single();

        // Another child is being made.
        await using var another = await ConnectAsync(deployment);
        await ExecuteAsync(another, $"BEGIN; SELECT 1 FROM token WHERE token = '{parent.Record.Token.Key}' FOR KEY SHARE");
        // Ours asks for the parent's lock, has seen who has it, and stands before it looks again.
        await using var debugger = await Debugger.AttachAsync(backend);
        await debugger.DoAsync("break heap_lock_tuple");
        await debugger.GiveAsync("continue");
        var making = node.Tokens.GetInternalTokenAsync(parent, "tap", Wide);
        await debugger.DoAsync("delete", "break LockBuffer if $esi == 2", "continue", "continue");
        // The other is done, and the change gets its lock on the parent, but not yet on the elder child.
        await ExecuteAsync(another, "ROLLBACK");
        await ExecuteAsync(another, $"BEGIN; SELECT 1 FROM token WHERE token = '{elder.Key}' FOR UPDATE");
        var change = ChangeAsync(changing, parent, revoke);
        await UntilAsync(deployment, making, waiting: 1);
        // Ours goes on.
        await debugger.GiveAsync("delete", "detach", "quit");
        await UntilAsync(deployment, making, waiting: 2);
        await ExecuteAsync(another, "ROLLBACK");

        await change;
        if (revoke)
        {
            (await Should.ThrowAsync<PorthorException>(async () => await changing.Tokens.CallerAsync(await making))).Error.Kind.ShouldBe(ErrorKind.InvalidToken);
            return;
        }
        (await changing.Tokens.CallerAsync(await making)).Scopes.ShouldBe(Narrow);
    }

    private static Task ChangeAsync(PorthorDeployment node, Caller parent, bool revoke)
    {
        var (key, administrator) = (parent.Record.Token.Key, TokenBuilders.Administrator(node.Clock));
        return revoke
            ? node.Tokens.DeleteTokenAsync(key, administrator, parent.Username)
            : node.Tokens.ModifyTokenAsync(key, administrator, parent.Username, new TokenEdit { Scopes = Narrow });
    }

    private static async Task<Caller> ParentAsync(PorthorDeployment node)
    {
        var request = new AdminTokenRequest { Username = "someuser", TokenType = TokenType.User, TokenName = "parent", Scopes = Wide };
        return await node.Tokens.CallerAsync(await node.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(node.Clock)));
    }

    /// <summary>Until so many wait for locks, or the child is made that should not be.</summary>
    private static Task UntilAsync(Deployment deployment, Task making, int waiting) => RealServers.UntilAsync(
        async () =>
        {
            if (!making.IsCompleted)
                (await QueryAsync(deployment, "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")).Count.ShouldBe(waiting);
        },
        $"{waiting} who wait");

    private static async Task<List<int>> BackendsAsync(Deployment deployment)
    {
        var rows = await QueryAsync(deployment, "SELECT pid FROM pg_stat_activity WHERE application_name = 'porthor' AND datname = current_database()");
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
