using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Model;

/// <summary>
/// A simple model of the expected tokens: a tree in which the revocation or reduction of a token also applies to its descendants.
/// </summary>
internal sealed class TokenModel
{
    private readonly List<Entry> entries = [];

    public IReadOnlyList<Entry> Entries => entries;

    public Entry Add(Token token, TokenType type, ScopeSet scopes, Entry? parent)
    {
        var entry = new Entry(token, type, parent) { Scopes = scopes };
        entries.Add(entry);
        return entry;
    }

    /// <summary>Returns the child that would be returned again; null if a new one would be created.</summary>
    public Entry? ChildOf(Entry parent, TokenType type, ScopeSet scopes) =>
        entries.Find(entry => entry.Parent == parent && entry.Type == type && entry.IsValid && entry.Scopes.Equals(scopes));

    public void Revoke(Entry root)
    {
        root.IsValid = false;
        foreach (var child in ChildrenOf(root))
            Revoke(child);
    }

    public void Change(Entry token, ScopeSet scopes)
    {
        Reduce(token, token.Scopes.Except(scopes));
        token.Scopes = scopes;
    }

    private void Reduce(Entry token, ScopeSet removed)
    {
        token.Scopes = token.Scopes.Except(removed);
        foreach (var child in ChildrenOf(token))
            Reduce(child, removed);
    }

    private List<Entry> ChildrenOf(Entry parent) => entries.FindAll(entry => entry.Parent == parent);

    internal sealed class Entry(Token token, TokenType type, Entry? parent)
    {
        public Token Token => token;

        public TokenType Type => type;

        public Entry? Parent => parent;

        public required ScopeSet Scopes { get; set; }

        public bool IsValid { get; set; } = true;
    }
}
