using Porthor.Audit;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Storage.Tests.Trees;

public sealed partial class LargeTreeTests
{
    /// <summary>
    /// The root expires and its descendants do not. The audit finds descendants that expire after their parent, and shortens all.
    /// </summary>
    [Theory, MemberData(nameof(Cases))]
    public async Task The_audit_shortens_a_complete_tree(Mode mode, Shape shape)
    {
        var end = DateTimeOffset.UtcNow.TruncateToSeconds().AddHours(1);
        await RunAsync(mode, shape, expires: null, async (node, _) =>
        {
            var findings = await node.Audit.RunAsync(fix: true).ToListAsync();
            findings.ShouldAllBe(finding => finding.Kind == AuditKind.OutlivesParent && finding.Repaired);
        }, async (node, _) =>
        {
            (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
            (await node.Sql.TokenIndex.ListAsync(InsertedTree.Username, TestContext.Current.CancellationToken))
                .ShouldAllBe(row => row.Expires == end);
        }, expiresOf: index => index == 0 ? end : null);
    }

    [Theory, MemberData(nameof(Cases))]
    public Task An_audit_revokes_trees_without_records(Mode mode, Shape shape) => RunAsync(mode, shape, expires: null, async (node, tree) =>
    {
        var findings = await node.Audit.RunAsync(fix: true).ToListAsync();
        findings.Count(finding => finding is { Kind: AuditKind.NoRecord, Repaired: true }).ShouldBe(tree.Descendants.Count + 1);
    }, async (node, tree) =>
    {
        (await node.Maintenance.ExpireTokensAsync()).ShouldBe(tree.Descendants.Count + 1);
        (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
    }, withRecords: false);

    /// <summary>Every record expires earlier than its row.</summary>
    [Theory, MemberData(nameof(Cases))]
    public async Task The_audit_repairs_a_tree_in_which_every_record_differs(Mode mode, Shape shape)
    {
        var end = DateTimeOffset.UtcNow.TruncateToSeconds().AddHours(1);
        await RunAsync(mode, shape, end, async (node, tree) =>
        {
            var findings = await node.Audit.RunAsync(fix: true).ToListAsync();
            // The repair of a token also repairs its descendants, which are then not reported.
            findings.Count(finding => finding is { Kind: AuditKind.Mismatch, Repaired: true })
                .ShouldBeInRange(1, tree.Descendants.Count + 1);
        }, async (node, _) =>
        {
            (await node.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
            (await node.Sql.TokenIndex.ListAsync(InsertedTree.Username, TestContext.Current.CancellationToken))
                .ShouldAllBe(row => row.Expires == end);
        }, rowsExpire: end.AddDays(1));
    }
}
