using Porthor.Audit;
using Porthor.Composition;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Faults;

/// <summary>
/// Injects each of four failures into every store operation of every change. Afterwards the results that callers received must still be
/// true: valid issued tokens are listed, revoked tokens and their descendants are invalid, and reduced scopes stay reduced. The audit must
/// repair all remaining inconsistencies.
/// </summary>
public sealed class StoreFailureTests
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

    /// <summary>A user token with children and a grandchild, and the results that callers received.</summary>
    private sealed class Tree(PorthorDeployment core, Caller root, IReadOnlyList<Token> descendants)
    {
        public Caller Root => root;

        public Caller Administrator { get; } = TokenBuilders.Administrator(core.Clock);

        public DateTimeOffset Now { get; } = core.Clock.GetSecondsNow();

        /// <summary>The tokens that callers received.</summary>
        public List<Token> Issued { get; } = [root.Record.Token, .. descendants];

        /// <summary>True if the revocation was acknowledged.</summary>
        public bool Revoked { get; set; }

        /// <summary>The maximum scopes of all tokens after a reduction was acknowledged.</summary>
        public ScopeSet? Allowed { get; set; }

        /// <summary>The scopes of the root after a change was acknowledged.</summary>
        public ScopeSet? Acknowledged { get; set; }

        public DateTimeOffset? LatestEnd { get; set; }

        public static async Task<Tree> CreateAsync(PorthorDeployment core, bool expired)
        {
            await core.Sql.Schema.DeleteAllDataAsync(CancellationToken.None);
            await core.Maintenance.DeleteAllTokensAsync();
            var request =
                new AdminTokenRequest { Username = "some-user", TokenType = TokenType.User, TokenName = "root", Scopes = AllScopes };
            var token = await core.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(core.Clock));
            var root = await core.Tokens.CallerAsync(token);
            var notebook = await core.Tokens.GetNotebookTokenAsync(root);
            var internalToken = await core.Tokens.GetInternalTokenAsync(
                await core.Tokens.CallerAsync(notebook), "inner", AllScopes);
            var other = await core.Tokens.GetInternalTokenAsync(root, "other", ScopeSet.Of("read:some"));
            if (expired)
                await ExpireRowsAsync(core, [notebook.Key, internalToken.Key]);
            return new Tree(core, root, [notebook, internalToken, other]);
        }

        public async Task CheckAsync(string where)
        {
            foreach (var token in Issued)
            {
                if (await core.Tokens.GetDataAsync(token) is not { } record)
                    continue;
                Revoked.ShouldBeFalse($"{where}: {token.Key} is valid after its revocation was acknowledged");
                var row = await core.Tokens.GetTokenInfoUncheckedAsync(token.Key);
                row.ShouldNotBeNull($"{where}: {token.Key} is valid and not listed");
                record.Scopes.IsSubsetOf(row.Scopes).ShouldBeTrue($"{where}: {token.Key} allows more than is listed");
                if (Allowed is not null)
                    record.Scopes.IsSubsetOf(Allowed).ShouldBeTrue($"{where}: {token.Key} has a removed scope");
                if (LatestEnd is not null)
                    (record.Expires <= LatestEnd).ShouldBeTrue($"{where}: {token.Key} expires after its new expiration");
            }
            if (Acknowledged is not null)
                (await core.Tokens.GetDataAsync(root.Record.Token))!.Scopes.ShouldBe(Acknowledged, where);

            // The audit repairs all remaining inconsistencies, and then the stores agree.
            await foreach (var _ in core.Audit.RunAsync(fix: true))
            {
            }
            await core.Maintenance.ExpireTokensAsync();
            var remaining = await core.Audit.RunAsync(fix: false).Where(finding => finding.Kind != AuditKind.NoParent).ToListAsync();
            remaining.ShouldBeEmpty(where);
            foreach (var key in Issued.Select(token => token.Key))
            {
                var isValid = await core.Tokens.GetDataAsync(Issued.Single(token => token.Key == key)) is not null;
                var isListed = await core.Tokens.GetTokenInfoUncheckedAsync(key) is not null;
                isValid.ShouldBe(isListed, $"{where}: {key} after the audit");
            }
        }

        private static async Task ExpireRowsAsync(PorthorDeployment core, IReadOnlyList<TokenKey> keys)
        {
            await using var transaction = await core.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
            foreach (var key in keys)
            {
                var row = await transaction.LockAsync(key, CancellationToken.None);
                transaction.Update(row! with { Expires = core.Clock.GetSecondsNow().AddMinutes(-1) });
            }
            await transaction.CommitAsync(CancellationToken.None);
        }
    }
}
