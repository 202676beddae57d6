namespace Porthor.Crash.Tests.Linearity;

internal sealed partial class TreeWorkload
{
    /// <param name="scopes">The number of required scopes; 0 if the token must only be valid.</param>
    public static Operation Used(long begin, long end, int scopes, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"use with {scopes} scopes: {status}", state => status switch
    {
        200 when state.IsValid && state.Scopes >= scopes => state,
        403 when state.IsValid && state.Scopes < scopes => state,
        401 when !state.IsValid => state,
        null => state,
        _ => null,
    });

    public static Operation Revoked(long begin, long end, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"revoke: {status}", state => status switch
    {
        204 when state.IsListed => TokenState.Revoked,
        404 when !state.IsListed => state,
        null => TokenState.Revoked,
        _ => null,
    });

    /// <summary>The first step of the revocation of an ancestor.</summary>
    public static Operation AncestorRevoked(long begin, long end) => new(begin, end, "ancestor revoked", state => state.Invalidated());

    public static Operation ReducedTo(long begin, long end, int scopes, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"reduce to {scopes}: {status}", state => status switch
    {
        200 when state.IsValid => state.Reduced(scopes),
        404 when !state.IsValid => state,
        null => state.Reduced(scopes),
        _ => null,
    });
}
