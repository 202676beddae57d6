using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Sessions;

/// <summary>What a browser's state cookie holds (contract/login.md 1). What is null is not in it.</summary>
public sealed record SessionState
{
    public static readonly SessionState Empty = new();

    /// <summary>The value that writes must repeat in a header, to prove that one of our own pages sent them.</summary>
    public string? Csrf { get; init; }

    public Token? Token { get; init; }

    /// <summary>The GitHub access token, to be revoked at logout.</summary>
    public Secret? GitHub { get; init; }

    /// <summary>Where to go after login.</summary>
    public string? ReturnUrl { get; init; }

    /// <summary>The state of an authorization request under way.</summary>
    public string? State { get; init; }

    public DateTimeOffset? LoginStart { get; init; }

    /// <summary>What the ID token must repeat. This and the next are ours; the reference leaves unknown fields alone.</summary>
    public string? Nonce { get; init; }

    /// <summary>What redeems the code beside the code itself.</summary>
    public Secret? Verifier { get; init; }

    /// <summary>The same without a login under way.</summary>
    public SessionState WithoutLogin() => this with { ReturnUrl = null, State = null, LoginStart = null, Nonce = null, Verifier = null };

    /// <summary>Nearly all of it is for the browser alone.</summary>
    public override string ToString() => "***";
}
