using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>What must be found in a history, and what must not.</summary>
public sealed class AncestryTests
{
    private static readonly TokenKey Root = new("root");
    private static readonly TokenKey Child = new("child");
    private static readonly TokenKey Grandchild = new("grandchild");

    [Fact]
    public void What_a_parent_loses_its_children_lose_with_it()
    {
        var ancestry = Ancestry.Of([.. Tree, new("4", Root, null, "edit", A), new("4", Child, Root, "edit", A), new("4", Grandchild, Child, "edit", A)]);
        ancestry.Impossible.ShouldBeEmpty();
        ancestry.Narrowed.ShouldBe(2);
        ancestry.ScopesOf(Grandchild).ShouldBe(A);
    }

    [Fact]
    public void A_child_that_kept_what_its_parent_lost_is_found_once() =>
        Ancestry.Of([.. Tree, new("4", Root, null, "edit", A), new("4", Child, Root, "edit", A), new("5", Root, null, "edit", A)])
            .Impossible.ShouldHaveSingleItem().ShouldStartWith("grandchild");

    [Fact]
    public void A_child_that_is_narrowed_later_than_its_parent_is_found() =>
        Ancestry.Of([.. Tree[..2], new("4", Root, null, "edit", A), new("5", Child, Root, "edit", A)])
            .Impossible.ShouldHaveSingleItem().ShouldStartWith("child");

    [Fact]
    public void A_child_that_is_made_with_what_its_parent_has_lost_is_found() =>
        Ancestry.Of([Tree[0], new("2", Root, null, "edit", A), new("3", Child, Root, "create", Both)]).Impossible.ShouldHaveSingleItem();

    [Fact]
    public void A_child_that_outlives_its_parent_is_found()
    {
        Ancestry.Of([.. Tree, new("4", Child, Root, "revoke", Both)]).Impossible.ShouldHaveSingleItem().ShouldStartWith("grandchild");
        Ancestry.Of([.. Tree, new("4", Grandchild, Child, "revoke", Both), new("4", Child, Root, "revoke", Both)]).Impossible.ShouldBeEmpty();
    }

    private static ScopeSet A => ScopeSet.Of("a");

    private static ScopeSet Both => ScopeSet.Of("a", "b");

    private static Row[] Tree =>
        [new("1", Root, null, "create", Both), new("2", Child, Root, "create", Both), new("3", Grandchild, Child, "create", Both)];
}
