using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Testing;

/// <summary>Shapes of large trees. Other software can have created such trees.</summary>
public enum Shape
{
    Deep,
    Wide,
}

/// <summary>A tree of tokens that was inserted directly into the stores.</summary>
/// <param name="Root">A user token, or a token of another type that the test chose.</param>
/// <param name="Descendants">The other tokens, parents before their children.</param>
internal sealed record InsertedTree(Token Root, IReadOnlyList<Token> Descendants)
{
    public const string Username = "inserter";

    public static readonly ScopeSet Scopes = ScopeSet.Of("read:all", "read:some");

    private const int BatchSize = 1000;

    /// <param name="withRecords">False for tokens that have rows only.</param>
    public static async Task<InsertedTree> CreateAsync(
        PorthorDeployment node, Shape shape, int size, DateTimeOffset? expires = null, bool withRecords = true,
        Func<int, DateTimeOffset?>? expiresOf = null, TokenType rootType = TokenType.User)
    {
        var codec = new RecordCodec(new Fernet(node.SessionKeys, node.Clock), node.Clock);
        var created = node.Clock.GetSecondsNow().AddMinutes(-5);
        Token[] tokens = [.. Enumerable.Range(0, size + 1).Select(_ => Token.Create())];
        for (var from = 0; from <= size; from += BatchSize)
        {
            await using var transaction = await node.Sql.TokenIndex.BeginAsync(
                TimeSpan.FromMinutes(1), CancellationToken.None);
            var recordStore = node.RecordStore.Within(transaction);
            for (var i = from; i <= size && i < from + BatchSize; i++)
            {
                var record = new TokenRecord
                {
                    Token = tokens[i],
                    Username = Username,
                    TokenType = i == 0 ? rootType : TokenType.Internal,
                    Service = i == 0 ? null : "tap",
                    Scopes = Scopes,
                    Created = created,
                    Expires = expiresOf is null ? expires : expiresOf(i),
                    UserData = new(),
                };
                transaction.Insert(TokenInfo.From(
                    record, tokenName: i == 0 && rootType == TokenType.User ? "root" : null,
                    parent: i == 0 ? null : tokens[shape == Shape.Deep ? i - 1 : 0].Key));
                if (withRecords)
                    await recordStore.CreateAsync(
                        tokens[i].Key, codec.Encrypt(record), record.Expires, CancellationToken.None);
            }
            await transaction.CommitAsync(CancellationToken.None);
        }
        return new InsertedTree(tokens[0], tokens[1..]);
    }

    /// <summary>A sample of the tokens, from near the root to far below it.</summary>
    public IEnumerable<Token> Samples() => [Root, .. Descendants.Where((_, index) => index % 997 == 0), Descendants[^1]];

    /// <summary>Returns the number of listed tokens of the tree.</summary>
    public static async Task<int> ListedAsync(PorthorDeployment node) =>
        (await node.Sql.TokenIndex.ListAsync(Username, CancellationToken.None)).Count;
}
