using Porthor.Composition;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

/// <summary>
/// Injects each of four failures into every store operation of every change. Afterwards the results that callers received must still be
/// true: valid issued tokens are listed, revoked tokens and their descendants are invalid, and reduced scopes stay reduced. The audit must
/// repair all remaining inconsistencies.
/// </summary>
public sealed partial class StoreFailureTests
{
    private static readonly ScopeSet AllScopes = ScopeSet.Of("read:all", "read:some", "user:token");
    private static readonly ScopeSet Reduced = ScopeSet.Of("read:all");

    [Theory, EveryMode]
    public Task Creating_a_token(Mode mode) => AtEveryStepAsync(mode, async (tree, node) =>
    {
        var request = new UserTokenRequest("new", Reduced, Expires: null);
        tree.Issued.Add(await node.Tokens.CreateUserTokenAsync(tree.Root, "some-user", request));
    });

    [Theory, EveryMode]
    public Task Creating_a_child(Mode mode) => AtEveryStepAsync(mode, async (tree, node) =>
        tree.Issued.Add(await node.Tokens.GetInternalTokenAsync(tree.Root, "new-service", Reduced)));

    [Theory, EveryMode]
    public Task Revoking_a_tree(Mode mode) => AtEveryStepAsync(mode, async (tree, node) =>
    {
        (await node.Tokens.DeleteTokenAsync(tree.Root.Record.Token.Key, tree.Root, "some-user")).ShouldBeTrue();
        tree.Revoked = true;
    });

    [Theory, EveryMode]
    public Task Reducing_scopes(Mode mode) => AtEveryStepAsync(mode, async (tree, node) =>
    {
        await node.Tokens.ModifyTokenAsync(tree.Root.Record.Token.Key, tree.Administrator, "some-user", new TokenEdit { Scopes = Reduced });
        tree.Allowed = Reduced;
    });

    [Theory, EveryMode]
    public Task Extending_scopes(Mode mode) => AtEveryStepAsync(mode, async (tree, node) =>
    {
        await node.Tokens.ModifyTokenAsync(
            tree.Root.Record.Token.Key, tree.Administrator, "some-user",
            new TokenEdit { Scopes = AllScopes.Union(ScopeSet.Of("exec:test")) });
        tree.Acknowledged = AllScopes.Union(ScopeSet.Of("exec:test"));
    });

    [Theory, EveryMode]
    public Task Replacing_scopes_and_shortening(Mode mode) => AtEveryStepAsync(mode, async (tree, node) =>
    {
        var end = tree.Now.AddHours(1);
        var scopes = ScopeSet.Of("exec:test", "read:all");
        await node.Tokens.ModifyTokenAsync(
            tree.Root.Record.Token.Key, tree.Administrator, "some-user", new TokenEdit { Scopes = scopes, Expires = end });
        (tree.Allowed, tree.Acknowledged, tree.LatestEnd) = (scopes, scopes, end);
    });

    [Theory, EveryMode]
    public Task Expiring_tokens(Mode mode) => AtEveryStepAsync(
        mode, async (_, node) => await node.Maintenance.ExpireTokensAsync(), expired: true);

    private static async Task AtEveryStepAsync(Mode mode, Func<Tree, TokenServices, Task> change, bool expired = false)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var core = await deployment.OpenNodeAsync();
        foreach (var fault in Enum.GetValues<Fault>())
        {
            var plan = new FaultPlan(0, fault);
            for (var step = 1; step == 1 || plan.Reached; step++)
            {
                plan = new FaultPlan(step, fault);
                var tree = await Tree.CreateAsync(core, expired);
                await RunAsync(tree, Node(core, plan), change);
                await tree.CheckAsync($"{fault} at step {step}");
            }
        }
    }

    private static async Task RunAsync(Tree tree, TokenServices node, Func<Tree, TokenServices, Task> change)
    {
        try
        {
            await change(tree, node);
        }
        catch (StoreUnavailableException)
        {
            // The caller received an error, so no result has to hold.
        }
    }

    /// <summary>Creates a node on the same stores with injected failures.</summary>
    private static TokenServices Node(PorthorDeployment core, FaultPlan plan) => new TokenServicesBuilder
    {
        TokenIndex = new FaultyTokenIndex(core.Sql.TokenIndex, plan),
        History = core.Sql.History,
        RecordStore = new FaultyRecordStore(core.RecordStore, plan),
        Fernet = new Fernet(core.SessionKeys, core.Clock),
        Loggers = core.Loggers,
        Metrics = core.Metrics,
        Tokens = core.Settings.Tokens,
        Clock = core.Clock,
    }.Build();
}
