namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// What somebody did to a token or saw of it, and between which moments. Nobody knows when in between it happened.
/// </summary>
/// <param name="Begin">Counted for all clients together.</param>
/// <param name="End">Never, if no answer came: then it may happen at any time, or not at all.</param>
/// <param name="Apply">The token's state afterwards; null if what was answered cannot be answered in that state.</param>
internal sealed record Operation(long Begin, long End, string Name, Func<TokenState, TokenState?> Apply)
{
    public bool IsUncertain => End == long.MaxValue;

    public override string ToString() => $"[{Begin}, {(IsUncertain ? "?" : End)}] {Name}";
}

/// <summary>
/// All that there is to a token here: is it accepted, is it listed, and how many of an ordered list of scopes does it have. The revocation of
/// an ancestor ends the one before the other, and in between a token that is refused can be revoked by itself.
/// </summary>
internal readonly record struct TokenState(bool IsAlive, bool IsListed, int Scopes)
{
    public static readonly TokenState Dead = new(IsAlive: false, IsListed: false, 0);

    public static TokenState Alive(int scopes) => new(IsAlive: true, IsListed: true, scopes);

    public TokenState Narrowed(int scopes) => this with { Scopes = Math.Min(Scopes, scopes) };

    public TokenState Refused() => this with { IsAlive = false, Scopes = 0 };
}
