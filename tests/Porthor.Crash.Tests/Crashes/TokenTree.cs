using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>All tokens that clients received, in the order in which they were received.</summary>
internal sealed class TokenTree
{
    private readonly Lock sync = new();
    private readonly List<KnownToken> tokens = [];
    private readonly Dictionary<TokenKey, KnownToken> byKey = [];
    private readonly List<(Uri Node, TaskCompletionSource Acknowledgement)> waiting = [];

    public IReadOnlyList<KnownToken> Tokens
    {
        get
        {
            lock (sync)
                return [.. tokens];
        }
    }

    /// <summary>Adds a token. Returns the known token if a child was returned again.</summary>
    public KnownToken Add(Token token, string username, KnownToken? parent)
    {
        lock (sync)
        {
            if (byKey.TryGetValue(token.Key, out var known))
                return known;
            var added = new KnownToken(token, username, parent);
            tokens.Add(added);
            byKey.Add(token.Key, added);
            return added;
        }
    }

    /// <summary>Returns one of the newest tokens, so that operations overlap; null if there is none.</summary>
    public KnownToken? Pick(int number)
    {
        const int latest = 60;
        lock (sync)
            return tokens.Count == 0 ? null : tokens[^(1 + (number % Math.Min(latest, tokens.Count)))];
    }

    /// <summary>
    /// Records the acknowledged removal of a scope for a token and all its known descendants: existing children were reduced too, and later
    /// children were created from the reduced row.
    /// </summary>
    public void Reduce(KnownToken root)
    {
        lock (sync)
        {
            foreach (var token in tokens.Where(token => token == root || token.DescendsFrom(root)))
                token.IsReduced = true;
        }
    }

    /// <summary>Records that a node has acknowledged a change.</summary>
    public void Acknowledged(Uri node)
    {
        lock (sync)
        {
            waiting.ForEach(entry =>
            {
                if (entry.Node == node)
                    entry.Acknowledgement.TrySetResult();
            });
            waiting.RemoveAll(entry => entry.Acknowledgement.Task.IsCompleted);
        }
    }

    /// <summary>Returns a task that is completed when the node acknowledges its next change.</summary>
    public Task NextAcknowledgementBy(Uri node)
    {
        var acknowledgement = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (sync)
            waiting.Add((node, acknowledgement));
        return acknowledgement.Task;
    }
}
