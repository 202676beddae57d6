using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// A token that a client received, and the acknowledged facts about it. A fact is set when a response arrives, so that it holds for every
/// later request.
/// </summary>
internal sealed class KnownToken(Token token, string username, KnownToken? parent)
{
    private volatile bool revoking;
    private volatile bool revoked;
    private volatile bool reduced;
    private bool editing;

    public Token Token => token;

    public string Username => username;

    public KnownToken? Parent => parent;

    /// <summary>The number of acknowledged changes of scopes.</summary>
    public int Edits { get; set; }

    /// <summary>Starts a change of scopes. Only one change runs at a time, so that the last one is known.</summary>
    public bool TryBeginEditing() => !Interlocked.Exchange(ref editing, true);

    public void EndEditing() => Volatile.Write(ref editing, false);

    /// <summary>True if the revocation of the token or an ancestor was acknowledged.</summary>
    public bool IsRevoked => revoked || parent?.IsRevoked == true;

    /// <summary>True if the revocation of the token or an ancestor was requested.</summary>
    public bool MayBeRevoked => revoking || parent?.MayBeRevoked == true;

    /// <summary>True if the removal of <c>read:all</c> was acknowledged, and no request to grant it again was sent since.</summary>
    public bool IsReduced
    {
        get => reduced;
        set => reduced = value;
    }

    public void RevocationBegins() => revoking = true;

    public void RevocationAcknowledged() => revoked = true;

    public bool DescendsFrom(KnownToken ancestor) => parent is not null && (parent == ancestor || parent.DescendsFrom(ancestor));
}
