namespace Porthor.Crash.Tests.Linearity;

/// <summary>Histories that the checker must accept or reject.</summary>
public sealed class LinearizabilityTests
{
    [Fact]
    public void A_use_during_a_revocation_can_be_allowed_or_denied()
    {
        Holds(Use(1, 4, isValid: true), Revoke(2, 3)).ShouldBeTrue();
        Holds(Use(1, 4, isValid: false), Revoke(2, 3)).ShouldBeTrue();
        Holds(Revoke(1, 4), Use(2, 3, isValid: false), Use(2, 5, isValid: true)).ShouldBeTrue();
    }

    [Fact]
    public void A_token_that_works_after_its_acknowledged_revocation_is_reported() =>
        Holds(Revoke(1, 2), Use(3, 4, isValid: true)).ShouldBeFalse();

    [Fact]
    public void A_token_that_becomes_valid_again_is_reported() =>
        Holds(Revoke(1, 6), Use(2, 3, isValid: false), Use(4, 5, isValid: true)).ShouldBeFalse();

    [Fact]
    public void A_token_that_becomes_invalid_without_a_revocation_is_reported()
    {
        Holds(Use(1, 2, isValid: false)).ShouldBeFalse();
        Holds(Use(1, 2, isValid: false), Revoke(3, 4)).ShouldBeFalse();
    }

    [Fact]
    public void A_removed_scope_stays_removed()
    {
        Holds(Reduce(1, 2), UseAllScopes(3, 4, isAllowed: true)).ShouldBeFalse();
        Holds(Reduce(1, 4), UseAllScopes(2, 3, isAllowed: true), UseAllScopes(5, 6, isAllowed: false)).ShouldBeTrue();
    }

    [Fact]
    public void An_operation_without_an_answer_can_take_effect_at_any_time_or_never()
    {
        Holds(Revoke(1, long.MaxValue), Use(2, 3, isValid: true), Use(4, 5, isValid: true)).ShouldBeTrue();
        Holds(Revoke(1, long.MaxValue), Use(2, 3, isValid: true), Use(4, 5, isValid: false)).ShouldBeTrue();
        Holds(Revoke(1, long.MaxValue), Use(2, 3, isValid: false), Use(4, 5, isValid: true)).ShouldBeFalse();
    }

    [Fact]
    public void A_token_can_be_revoked_separately_until_its_ancestors_revocation_is_acknowledged()
    {
        Holds(TreeWorkload.AncestorRevoked(1, 8), AncestorRemoved(1, 8), Use(2, 3, isValid: false), Revoke(4, 5)).ShouldBeTrue();
        Holds(TreeWorkload.AncestorRevoked(1, 8), AncestorRemoved(1, 8), Revoke(9, 10)).ShouldBeFalse();
        Holds(TreeWorkload.AncestorRevoked(1, 8), AncestorRemoved(1, 8), Use(9, 10, isValid: true)).ShouldBeFalse();
        Holds(TreeWorkload.AncestorRevoked(1, 8), AncestorRemoved(1, 8), Use(2, 3, isValid: false), Use(4, 5, isValid: true))
            .ShouldBeFalse();
    }

    [Fact]
    public void Only_one_of_two_revocations_can_find_a_token() =>
        Holds(Revoke(1, 4), Revoke(2, 3)).ShouldBeFalse();

    private static bool Holds(params Operation[] history) => Linearizability.Holds(history, TokenState.Valid(3));

    private static Operation Use(long begin, long end, bool isValid) => TreeWorkload.Used(begin, end, scopes: 0, isValid ? 200 : 401);

    private static Operation UseAllScopes(long begin, long end, bool isAllowed) =>
        TreeWorkload.Used(begin, end, scopes: 3, isAllowed ? 200 : 403);

    private static Operation Revoke(long begin, long end) => TreeWorkload.Revoked(begin, end, end == long.MaxValue ? null : 204);

    private static Operation AncestorRemoved(long begin, long end) => TreeWorkload.Revoked(begin, end, status: null) with { End = end };

    private static Operation Reduce(long begin, long end) => TreeWorkload.ReducedTo(begin, end, 2, 200);
}
