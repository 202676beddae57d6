using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>All tokens that clients were given, in the order in which they came.</summary>
internal sealed class TokenTree
{
    private readonly Lock gate = new();
    private readonly List<KnownToken> tokens = [];
    private readonly Dictionary<TokenKey, KnownToken> byKey = [];
    private readonly List<(Uri Node, TaskCompletionSource Told)> waiting = [];

    public IReadOnlyList<KnownToken> Tokens
    {
        get
        {
            lock (gate)
                return [.. tokens];
        }
    }

    /// <summary>Adds a token; of a child that was handed out again, the one that is known.</summary>
    public KnownToken Add(Token token, string username, KnownToken? parent)
    {
        lock (gate)
        {
            if (byKey.TryGetValue(token.Key, out var known))
                return known;
            var added = new KnownToken(token, username, parent);
            tokens.Add(added);
            byKey.Add(token.Key, added);
            return added;
        }
    }

    /// <summary>One of the latest, so that what happens meets; null if there is none.</summary>
    public KnownToken? Pick(int number)
    {
        const int latest = 60;
        lock (gate)
            return tokens.Count == 0 ? null : tokens[^(1 + (number % Math.Min(latest, tokens.Count)))];
    }

    /// <summary>
    /// What was known when a narrowing was acknowledged has lost the scope too: children that were there were narrowed, and those
    /// that came later were made from the narrowed row. Their own edits are not asked for.
    /// </summary>
    public void Narrow(KnownToken root)
    {
        lock (gate)
        {
            foreach (var token in tokens.Where(token => token == root || token.DescendsFrom(root)))
                token.IsNarrowed = true;
        }
    }

    /// <summary>A node has acknowledged a change, and what follows from that is known.</summary>
    public void Acknowledged(Uri node)
    {
        lock (gate)
        {
            waiting.ForEach(one =>
            {
                if (one.Node == node)
                    one.Told.TrySetResult();
            });
            waiting.RemoveAll(one => one.Told.Task.IsCompleted);
        }
    }

    /// <summary>Done when a node acknowledges the next change.</summary>
    public Task NextAcknowledgementBy(Uri node)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
            waiting.Add((node, told));
        return told.Task;
    }
}
