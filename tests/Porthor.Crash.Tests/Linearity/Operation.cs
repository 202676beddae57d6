namespace Porthor.Crash.Tests.Linearity;

/// <summary>An operation on a token with its observed answer. It took effect at some time between its begin and its end.</summary>
/// <param name="Begin">A logical time, common to all clients.</param>
/// <param name="End"><see cref="long.MaxValue"/> if there was no answer: the operation can take effect at any time or never.</param>
/// <param name="Apply">Returns the state after the operation; null if the observed answer is impossible in the given state.</param>
internal sealed record Operation(long Begin, long End, string Name, Func<TokenState, TokenState?> Apply)
{
    public bool IsUncertain => End == long.MaxValue;

    public override string ToString() => $"[{Begin}, {(IsUncertain ? "?" : End)}] {Name}";
}

/// <summary>
/// The model of a token: whether it is valid, whether it is listed, and how many of an ordered list of scopes it has. The revocation of an
/// ancestor first makes it invalid and later removes it from the list; in between it can be revoked on its own.
/// </summary>
internal readonly record struct TokenState(bool IsValid, bool IsListed, int Scopes)
{
    public static readonly TokenState Revoked = new(IsValid: false, IsListed: false, 0);

    public static TokenState Valid(int scopes) => new(IsValid: true, IsListed: true, scopes);

    public TokenState Reduced(int scopes) => this with { Scopes = Math.Min(Scopes, scopes) };

    public TokenState Invalidated() => this with { IsValid = false, Scopes = 0 };
}
