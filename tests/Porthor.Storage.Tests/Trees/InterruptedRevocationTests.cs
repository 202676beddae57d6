using Porthor.Composition;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

/// <summary>
/// The revocation of a large tree is interrupted: the token is already invalid, no token of the tree gets a child any more, and the next
/// attempt completes the revocation.
/// </summary>
public sealed class InterruptedRevocationTests
{
    private const int Size = 700;

    public enum Completion
    {
        Repetition,
        Maintenance,
        Audit,
    }

    public static readonly MatrixTheoryData<Mode, Shape, Completion> Cases = new(
        Enum.GetValues<Mode>(), Enum.GetValues<Shape>(), Enum.GetValues<Completion>());

    [Theory, MemberData(nameof(Cases))]
    public async Task An_interrupted_revocation_is_completed(Mode mode, Shape shape, Completion completion)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var administrator = TokenBuilders.Administrator(node.Clock);
        // The revocation is interrupted after the first transaction, and after the second one.
        foreach (var commits in (int[])[1, 2])
        {
            var tree = await InsertedTree.CreateAsync(node, shape, Size, node.Clock.GetSecondsNow().AddDays(1));
            // A client uses a valid descendant far below the root.
            var descendant = await node.Tokens.CallerAsync(tree.Descendants[0]);
            var plan = new FaultPlan(StepsFor(commits, mode), Fault.CrashesAfter);
            await Should.ThrowAsync<StoreUnavailableException>(
                () => CreateFailing(node, plan).DeleteTokenAsync(tree.Root.Key, administrator, InsertedTree.Username));

            (await node.Tokens.GetDataAsync(tree.Root)).ShouldBeNull();
            (await node.Tokens.GetTokenInfoUncheckedAsync(tree.Root.Key)).ShouldNotBeNull();
            (await Should.ThrowAsync<PorthorException>(() => node.Tokens.GetInternalTokenAsync(descendant, "sia", InsertedTree.Scopes)))
                .Error.Kind.ShouldBe(ErrorKind.InvalidToken);
            // The completion does not depend on the time since the interruption.
            await node.Sql.Revocations.DeleteOldRevocationsAsync(node.Clock.GetUtcNow().AddDays(1), TestContext.Current.CancellationToken);

            switch (completion)
            {
                case Completion.Repetition:
                    (await node.Tokens.DeleteTokenAsync(tree.Root.Key, administrator, InsertedTree.Username)).ShouldBeTrue();
                    break;
                case Completion.Maintenance:
                    (await node.Maintenance.ExpireTokensAsync()).ShouldBe(0);
                    break;
                case Completion.Audit:
                    (await node.Audit.RunAsync(fix: true).ToListAsync()).ShouldBeEmpty();
                    break;
            }
            (await InsertedTree.ListedAsync(node)).ShouldBe(0);
            foreach (var token in tree.Samples())
                (await node.Tokens.GetDataAsync(token)).ShouldBeNull();
            (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
        }
    }

    /// <summary>
    /// Returns the number of the store operation that is the commit with this number. Deletions of records are operations too if the record
    /// store is separate.
    /// </summary>
    private static int StepsFor(int commits, Mode mode) => commits switch
    {
        // The operations are the end of the first read, the deletion of the record, and the commit.
        1 => 3,
        // In cluster mode: the deletion of all records, the deletion of those of the batch, and the commit. Otherwise: those of the batch,
        // and the commit.
        _ => mode == Mode.Cluster ? 6 : 5,
    };

    private static TokenService CreateFailing(PorthorDeployment core, FaultPlan plan) => new TokenServicesBuilder
    {
        TokenIndex = new FaultyTokenIndex(core.Sql.TokenIndex, plan),
        History = core.Sql.History,
        RecordStore = new FaultyRecordStore(core.RecordStore, plan),
        Fernet = new Fernet(core.SessionKeys, core.Clock),
        Loggers = core.Loggers,
        Metrics = core.Metrics,
        Tokens = core.Settings.Tokens,
        Clock = core.Clock,
    }.Build().Tokens;
}
