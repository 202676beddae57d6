using System.Diagnostics;
using System.Globalization;
using Porthor.History;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

/// <summary>
/// Large trees of any shape are revoked, edited, expired, audited and re-encrypted within the time limit of a change, with little delay for
/// other writers.
/// </summary>
public sealed partial class LargeTreeTests(ITestOutputHelper output)
{
    public static readonly MatrixTheoryData<Mode, Shape> Cases = new(Enum.GetValues<Mode>(), Enum.GetValues<Shape>());

    /// <summary>
    /// The number of descendants. The default size needs several batches. <c>PORTHOR_TREE_TOKENS=12000</c> sets the size for which the time
    /// limits are guaranteed.
    /// </summary>
    private static readonly int Size = int.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_TREE_TOKENS") ?? "2000", CultureInfo.InvariantCulture);

    [Theory, MemberData(nameof(Cases))]
    public Task A_revocation_revokes_a_complete_tree(Mode mode, Shape shape) => RunAsync(mode, shape, expires: null, async (node, tree) =>
    {
        var administrator = TokenBuilders.Administrator(node.Clock);
        (await node.Tokens.DeleteTokenAsync(tree.Root.Key, administrator, InsertedTree.Username)).ShouldBeTrue();
        foreach (var token in tree.Samples())
            (await node.Tokens.GetDataAsync(token)).ShouldBeNull();
    }, async (node, tree) =>
    {
        (await InsertedTree.ListedAsync(node)).ShouldBe(0);
        var history = await HistoryAsync(node);
        history.Count(change => change.Action == ChangeAction.Revoke).ShouldBe(tree.Descendants.Count + 1);
        // Each entry names the parent, although the parent was revoked too.
        history.Count(change => change.Parent is not null).ShouldBe(tree.Descendants.Count);
        history[0].Token.ShouldBe(tree.Root.Key);
        (await node.RecordStore.GetAsync([.. tree.Descendants.Select(token => token.Key)], TestContext.Current.CancellationToken))
            .ShouldBeEmpty();
    });

    [Theory, MemberData(nameof(Cases))]
    public Task An_edit_reduces_a_complete_tree(Mode mode, Shape shape) => RunAsync(mode, shape, expires: null, async (node, tree) =>
    {
        var edit = new TokenEdit { Scopes = ScopeSet.Of("read:all"), Expires = node.Clock.GetSecondsNow().AddHours(1) };
        (await node.Tokens.ModifyTokenAsync(tree.Root.Key, TokenBuilders.Administrator(node.Clock), InsertedTree.Username, edit))
            .ShouldNotBeNull();
    }, async (node, tree) =>
    {
        foreach (var token in tree.Samples())
        {
            var record = (await node.Tokens.GetDataAsync(token)).ShouldNotBeNull();
            (record.Scopes.Text, record.Expires is null).ShouldBe(("read:all", false));
        }
        (await node.Sql.TokenIndex.ListAsync(InsertedTree.Username, TestContext.Current.CancellationToken))
            .ShouldAllBe(row => row.Scopes.Text == "read:all" && row.Expires != null);
        (await HistoryAsync(node)).Count(change => change.Action == ChangeAction.Edit).ShouldBe(tree.Descendants.Count + 1);
    });

    [Theory, MemberData(nameof(Cases))]
    public Task Maintenance_removes_a_complete_expired_tree(Mode mode, Shape shape) => RunAsync(
        mode,
        shape,
        DateTimeOffset.UtcNow.TruncateToSeconds().AddMinutes(-1),
        async (node, tree) => (await node.Maintenance.ExpireTokensAsync()).ShouldBe(tree.Descendants.Count + 1),
        async (node, tree) =>
        {
            (await InsertedTree.ListedAsync(node)).ShouldBe(0);
            (await HistoryAsync(node)).Count(change => change.Action == ChangeAction.Expire && change.Parent is not null)
                .ShouldBe(tree.Descendants.Count);
        });

    [Theory, MemberData(nameof(Cases))]
    public async Task A_complete_tree_is_reencrypted(Mode mode, Shape shape)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var old = deployment.Settings.SessionKeys;
        var node = await deployment.OpenNodeAsync();
        var tree = await InsertedTree.CreateAsync(node, shape, Size);
        var fernet = new Fernet([FernetKey.Create(), .. old], node.Clock);
        await using (var writer = await ConcurrentWriter.StartAsync(node))
        {
            var begun = Stopwatch.GetTimestamp();
            var reencryption = new Porthor.Maintenance.RecordReencryption(
                node.RecordStore, fernet,
                Microsoft.Extensions.Logging.Abstractions.NullLogger<Porthor.Maintenance.RecordReencryption>.Instance);
            var task = reencryption.RunAsync(progress: null, TestContext.Current.CancellationToken);
            await task;
            output.WriteLine(
                $"{Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s; other writers were delayed "
                    + $"by {(await writer.CheckAsync()).TotalMilliseconds:F0} ms");
        }
        var records = await node.RecordStore.GetAsync(
            [.. tree.Samples().Select(token => token.Key)], TestContext.Current.CancellationToken);
        records.Values.ShouldAllBe(record => fernet.IsEncryptedWithFirstKey(record.Ciphertext));
    }

    private async Task RunAsync(
        Mode mode, Shape shape, DateTimeOffset? expires,
        Func<PorthorDeployment, InsertedTree, Task> change, Func<PorthorDeployment, InsertedTree, Task> check,
        bool withRecords = true, Func<int, DateTimeOffset?>? expiresOf = null, DateTimeOffset? rowsExpire = null)
    {
        Prerequisites.SkipWithout(mode);
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        var tree = await InsertedTree.CreateAsync(node, shape, Size, expires, withRecords, expiresOf);
        if (rowsExpire is { } rowExpires)
        {
            var column = mode == Mode.Embedded ? $"{(rowExpires - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}"
                : $"'{rowExpires.UtcDateTime:yyyy-MM-dd HH:mm:ss}'";
            await RawSql.ExecuteAsync(deployment, node, $"UPDATE token SET expires = {column} WHERE username = '{InsertedTree.Username}'");
        }
        await using (var writer = await ConcurrentWriter.StartAsync(node))
        {
            var begun = Stopwatch.GetTimestamp();
            await change(node, tree);
            var duration = Stopwatch.GetElapsedTime(begun);
            var delay = await writer.CheckAsync();
            duration.ShouldBeLessThan(6 * deployment.Settings.ApiTimeout);
            output.WriteLine($"{duration.TotalSeconds:F1} s; other writers were delayed by {delay.TotalMilliseconds:F0} ms");
        }
        await check(node, tree);
    }

    /// <summary>Returns the changes, newest first.</summary>
    private static async Task<List<TokenChange>> HistoryAsync(PorthorDeployment node)
    {
        var page = await node.Tokens.GetChangeHistoryAsync(
            TokenBuilders.Administrator(node.Clock),
            new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = InsertedTree.Username }, Cursor: null, Limit: null));
        return await page.Rows.ToListAsync();
    }
}
