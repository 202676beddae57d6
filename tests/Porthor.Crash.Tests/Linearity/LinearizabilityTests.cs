namespace Porthor.Crash.Tests.Linearity;

/// <summary>The checker itself: what it must accept, and what it must not.</summary>
public sealed class LinearizabilityTests
{
    [Fact]
    public void A_use_that_meets_a_revocation_may_see_either()
    {
        Holds(Use(1, 4, alive: true), Revoke(2, 3)).ShouldBeTrue();
        Holds(Use(1, 4, alive: false), Revoke(2, 3)).ShouldBeTrue();
        Holds(Revoke(1, 4), Use(2, 3, alive: false), Use(2, 5, alive: true)).ShouldBeTrue();
    }

    [Fact]
    public void A_token_that_works_after_its_revocation_was_acknowledged_is_found() =>
        Holds(Revoke(1, 2), Use(3, 4, alive: true)).ShouldBeFalse();

    [Fact]
    public void A_token_that_comes_back_is_found() =>
        Holds(Revoke(1, 6), Use(2, 3, alive: false), Use(4, 5, alive: true)).ShouldBeFalse();

    [Fact]
    public void A_token_that_died_of_nothing_is_found()
    {
        Holds(Use(1, 2, alive: false)).ShouldBeFalse();
        Holds(Use(1, 2, alive: false), Revoke(3, 4)).ShouldBeFalse();
    }

    [Fact]
    public void A_scope_that_was_taken_stays_away()
    {
        Holds(Narrow(1, 2), UseWide(3, 4, passes: true)).ShouldBeFalse();
        Holds(Narrow(1, 4), UseWide(2, 3, passes: true), UseWide(5, 6, passes: false)).ShouldBeTrue();
    }

    [Fact]
    public void What_was_not_answered_may_have_happened_at_any_time_or_never()
    {
        Holds(Revoke(1, long.MaxValue), Use(2, 3, alive: true), Use(4, 5, alive: true)).ShouldBeTrue();
        Holds(Revoke(1, long.MaxValue), Use(2, 3, alive: true), Use(4, 5, alive: false)).ShouldBeTrue();
        Holds(Revoke(1, long.MaxValue), Use(2, 3, alive: false), Use(4, 5, alive: true)).ShouldBeFalse();
    }

    [Fact]
    public void What_an_ancestors_revocation_refuses_may_be_revoked_by_itself_until_that_is_acknowledged()
    {
        Holds(TreeWorkload.Ended(1, 8), RevokedAbove(1, 8), Use(2, 3, alive: false), Revoke(4, 5)).ShouldBeTrue();
        Holds(TreeWorkload.Ended(1, 8), RevokedAbove(1, 8), Revoke(9, 10)).ShouldBeFalse();
        Holds(TreeWorkload.Ended(1, 8), RevokedAbove(1, 8), Use(9, 10, alive: true)).ShouldBeFalse();
        Holds(TreeWorkload.Ended(1, 8), RevokedAbove(1, 8), Use(2, 3, alive: false), Use(4, 5, alive: true)).ShouldBeFalse();
    }

    [Fact]
    public void Only_one_of_two_revocations_can_have_found_a_token() =>
        Holds(Revoke(1, 4), Revoke(2, 3)).ShouldBeFalse();

    private static bool Holds(params Operation[] history) => Linearizability.Holds(history, TokenState.Alive(3));

    private static Operation Use(long begin, long end, bool alive) => TreeWorkload.Used(begin, end, scopes: 0, alive ? 200 : 401);

    private static Operation UseWide(long begin, long end, bool passes) => TreeWorkload.Used(begin, end, scopes: 3, passes ? 200 : 403);

    private static Operation Revoke(long begin, long end) => TreeWorkload.Revoked(begin, end, end == long.MaxValue ? null : 204);

    private static Operation RevokedAbove(long begin, long end) => TreeWorkload.Revoked(begin, end, status: null) with { End = end };

    private static Operation Narrow(long begin, long end) => TreeWorkload.NarrowedTo(begin, end, 2, 200);
}
