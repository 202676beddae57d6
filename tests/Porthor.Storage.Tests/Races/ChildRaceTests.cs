using System.Diagnostics;
using System.Globalization;
using Porthor.Operations;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Races;

/// <summary>
/// A child is created while its parent is revoked, reduced or shortened: on the same node, on another node, and in another process. In
/// every case no child is valid after an acknowledged revocation, no child has more scopes or expires later than its parent, and valid
/// tokens are listed. Each case runs 500 races or 20 seconds. Set PORTHOR_RACES for a longer run.
/// </summary>
public sealed class ChildRaceTests
{
    private const string Scopes = "read:all,read:some";
    private static readonly int Races = int.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_RACES") ?? "500", CultureInfo.InvariantCulture);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(Races > 500 ? 3600 : 20.0 / 3);

    [Theory, EveryMode]
    public Task No_child_survives_the_revocation_of_its_parent(Mode mode) => RaceAsync(
        mode,
        (node, parent) => node.DeleteTokenAsync(parent.Record.Token.Key, parent, parent.Username),
        async (nodes, parent, child) =>
        {
            foreach (var node in nodes)
            {
                (await node.Tokens.GetDataAsync(parent.Record.Token)).ShouldBeNull(
                    "the parent is valid after its revocation was acknowledged");
                if (child is not null)
                    (await node.Tokens.GetDataAsync(child)).ShouldBeNull("a child is valid after its parent's revocation was acknowledged");
            }
            (await nodes[0].Tokens.ListTokensAsync(TokenBuilders.Administrator(nodes[0].Clock), parent.Username)).ShouldBeEmpty();
        });

    [Theory, EveryMode]
    public Task No_child_has_more_scopes_than_its_reduced_parent(Mode mode) => RaceAsync(
        mode,
        (node, parent) => node.ModifyTokenAsync(
            parent.Record.Token.Key, TokenBuilders.Administrator(TimeProvider.System), parent.Username,
            new TokenEdit { Scopes = ScopeSet.Of("read:all") }),
        async (nodes, _, child) =>
        {
            if (child is null || await nodes[0].Tokens.GetDataAsync(child) is not { } record)
                return;
            record.Scopes.IsSubsetOf(ScopeSet.Of("read:all")).ShouldBeTrue($"a child has {record.Scopes} of a parent that has read:all");
            (await nodes[0].Tokens.GetTokenInfoUncheckedAsync(child.Key))!.Scopes.ShouldBe(record.Scopes);
        });

    [Theory, EveryMode]
    public Task No_child_outlives_its_shortened_parent(Mode mode)
    {
        var end = TimeProvider.System.GetSecondsNow().AddHours(1);
        return RaceAsync(
            mode,
            (node, parent) => node.ModifyTokenAsync(
                parent.Record.Token.Key, TokenBuilders.Administrator(TimeProvider.System), parent.Username,
                new TokenEdit { Expires = end }),
            async (nodes, _, child) =>
            {
                if (child is null || await nodes[0].Tokens.GetDataAsync(child) is not { } record)
                    return;
                (record.Expires <= end).ShouldBeTrue($"a child expires at {record.Expires}, its parent at {end}");
                (await nodes[0].Tokens.GetTokenInfoUncheckedAsync(child.Key))!.Expires.ShouldBe(record.Expires);
            });
    }

    private static async Task RaceAsync(
        Mode mode, Func<TokenService, Caller, Task> change, Func<IReadOnlyList<PorthorDeployment>, Caller, Token?, Task> check)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        // Embedded mode has one process. The other modes race three nodes, one of them in another process.
        List<PorthorDeployment> nodes = [await deployment.OpenNodeAsync()];
        RaceNode? other = null;
        if (mode != Mode.Embedded)
        {
            nodes.Add(await deployment.OpenNodeAsync());
            other = deployment.Own(await RaceNode.StartAsync(deployment));
        }
        var random = new Random(20261124);
        var begun = Stopwatch.GetTimestamp();
        var (children, rejected) = (0, 0);
        for (var race = 0; race < Races && Stopwatch.GetElapsedTime(begun) < Limit; race++)
        {
            var parent = await CreateParentAsync(nodes[0], race);
            Func<Task<Token?>> create = (race % 3) switch
            {
                1 when other is not null => () => other.CreateChildAsync(parent.Record.Token, "tap", Scopes),
                2 => () => CreateChildAsync(nodes[^1].Tokens, parent),
                _ => () => CreateChildAsync(nodes[0].Tokens, parent),
            };
            var creation = Task.Run(() => RunAfterAsync(random.Next(4), create));
            var changeTask = Task.Run(() => RunAfterAsync(random.Next(4), async () =>
            {
                await change(nodes[0].Tokens, parent);
                return true;
            }));
            await changeTask;
            var child = await creation;
            if (child is null)
                rejected++;
            else
                children++;
            await check(nodes, parent, child);
        }
        // The counts show whether the operations overlapped.
        TestContext.Current.TestOutputHelper?.WriteLine($"{children} children, {rejected} refusals");
        children.ShouldBeGreaterThan(0);
        // Every record has a row.
        (await nodes[0].Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
    }

    private static async Task<Caller> CreateParentAsync(PorthorDeployment node, int race)
    {
        var request = new AdminTokenRequest
        {
            Username = $"user{race}",
            TokenType = TokenType.User,
            TokenName = "parent",
            Scopes = ScopeSet.Parse(Scopes + ",user:token")
        };
        return await node.Tokens.CallerAsync(
            await node.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(node.Clock)));
    }

    private static async Task<Token?> CreateChildAsync(TokenService node, Caller parent)
    {
        try
        {
            return await node.GetInternalTokenAsync(parent, "tap", ScopeSet.Parse(Scopes));
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidToken)
        {
            return null;
        }
    }

    /// <summary>Starts an operation after yielding the thread some times, so that the two operations overlap at different points.</summary>
    private static async Task<T> RunAfterAsync<T>(int delay, Func<Task<T>> work)
    {
        for (var i = 0; i < delay; i++)
            await Task.Yield();
        return await work();
    }
}
