using Porthor.History;
using Porthor.Server.Hosting;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Testing;

/// <summary>Inserts many tokens into a deployment, faster than the API can create them.</summary>
internal static class ManyTokens
{
    /// <summary>Creates a user's tokens, each with a name of 64 characters and two scopes. Writes only rows and history.</summary>
    public static async Task CreateManyAsync(this PorthorDeployment core, string username, int count, DateTimeOffset created)
    {
        const int batch = 500;
        for (var begin = 0; begin < count; begin += batch)
        {
            await using var transaction = await core.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
            List<TokenChange> changes = [];
            for (var number = begin; number < Math.Min(count, begin + batch); number++)
            {
                var row = new TokenInfo
                {
                    Token = Token.Create().Key,
                    Username = username,
                    TokenType = TokenType.User,
                    TokenName = $"token {number} ".PadRight(64, 'x'),
                    Scopes = ScopeSet.Of("read:all", "user:token"),
                    Created = created.AddSeconds(-number / 3),
                };
                transaction.Insert(row);
                changes.Add(TokenChange.Of(row, ChangeAction.Create, username, ipAddress: null, row.Created));
            }
            transaction.Add(changes);
            await transaction.CommitAsync(CancellationToken.None);
        }
    }
}
