using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>Histories with and without violations.</summary>
public sealed class AncestryTests
{
    private static readonly TokenKey Root = new("root");
    private static readonly TokenKey Child = new("child");
    private static readonly TokenKey Grandchild = new("grandchild");

    [Fact]
    public void Children_lose_the_scopes_that_their_parent_loses()
    {
        var ancestry = Ancestry.Of(
            [.. Tree, new("4", Root, null, "edit", A), new("4", Child, Root, "edit", A), new("4", Grandchild, Child, "edit", A)]);
        ancestry.Violations.ShouldBeEmpty();
        ancestry.Reduced.ShouldBe(2);
        ancestry.ScopesOf(Grandchild).ShouldBe(A);
    }

    [Fact]
    public void A_child_with_a_scope_that_its_parent_lost_is_reported_once() =>
        Ancestry.Of([.. Tree, new("4", Root, null, "edit", A), new("4", Child, Root, "edit", A), new("5", Root, null, "edit", A)])
            .Violations.ShouldHaveSingleItem().ShouldStartWith("grandchild");

    [Fact]
    public void A_child_that_is_reduced_after_its_parent_is_reported() =>
        Ancestry.Of([.. Tree[..2], new("4", Root, null, "edit", A), new("5", Child, Root, "edit", A)])
            .Violations.ShouldHaveSingleItem().ShouldStartWith("child");

    [Fact]
    public void A_child_created_with_a_lost_scope_is_reported() =>
        Ancestry.Of([Tree[0], new("2", Root, null, "edit", A), new("3", Child, Root, "create", Both)]).Violations.ShouldHaveSingleItem();

    [Fact]
    public void A_child_that_exists_after_its_parent_is_reported()
    {
        Ancestry.Of([.. Tree, new("4", Child, Root, "revoke", Both)]).Violations.ShouldHaveSingleItem().ShouldStartWith("grandchild");
        Ancestry.Of(
            [.. Tree, new("4", Grandchild, Child, "revoke", Both), new("4", Child, Root, "revoke", Both)]).Violations.ShouldBeEmpty();
    }

    private static ScopeSet A => ScopeSet.Of("a");

    private static ScopeSet Both => ScopeSet.Of("a", "b");

    private static Row[] Tree =>
        [new("1", Root, null, "create", Both), new("2", Child, Root, "create", Both), new("3", Grandchild, Child, "create", Both)];
}
