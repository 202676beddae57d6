using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// A token that a client was given, and what clients know of it. Facts are set when an answer arrived, so that they hold for
/// every request that begins afterwards.
/// </summary>
internal sealed class KnownToken(Token token, string username, KnownToken? parent)
{
    private volatile bool revoking;
    private volatile bool revoked;
    private volatile bool narrowed;
    private bool editing;

    public Token Token => token;

    public string Username => username;

    public KnownToken? Parent => parent;

    /// <summary>Changes of scopes that were acknowledged.</summary>
    public int Edits { get; set; }

    /// <summary>One change of scopes at a time, so that it is known which was the last.</summary>
    public bool TryBeginEditing() => !Interlocked.Exchange(ref editing, true);

    public void EndEditing() => Volatile.Write(ref editing, false);

    /// <summary>Its revocation, or an ancestor's, was acknowledged.</summary>
    public bool IsRevoked => revoked || parent?.IsRevoked == true;

    /// <summary>Somebody has asked for its revocation, or an ancestor's.</summary>
    public bool MayBeRevoked => revoking || parent?.MayBeRevoked == true;

    /// <summary>The loss of <c>read:all</c> was acknowledged, and nobody has asked to give it back since.</summary>
    public bool IsNarrowed
    {
        get => narrowed;
        set => narrowed = value;
    }

    public void RevocationBegins() => revoking = true;

    public void RevocationAcknowledged() => revoked = true;

    public bool DescendsFrom(KnownToken ancestor) => parent is not null && (parent == ancestor || parent.DescendsFrom(ancestor));
}
