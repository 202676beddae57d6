using Porthor.Audit;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

public sealed partial class StoreFailureTests
{
    /// <summary>A user token with children and a grandchild, and the results that callers received.</summary>
    private sealed class Tree(PorthorDeployment core, Caller root, IReadOnlyList<Token> descendants)
    {
        public Caller Root => root;

        public Caller Administrator { get; } = TokenBuilders.Administrator(core.Clock);

        public DateTimeOffset Now { get; } = core.Clock.GetSecondsNow();

        /// <summary>The tokens that callers received.</summary>
        public List<Token> Issued { get; } = [root.Record.Token, .. descendants];

        /// <summary>True if the revocation was acknowledged.</summary>
        public bool Revoked { get; set; }

        /// <summary>The maximum scopes of all tokens after a reduction was acknowledged.</summary>
        public ScopeSet? Allowed { get; set; }

        /// <summary>The scopes of the root after a change was acknowledged.</summary>
        public ScopeSet? Acknowledged { get; set; }

        public DateTimeOffset? LatestEnd { get; set; }

        public static async Task<Tree> CreateAsync(PorthorDeployment core, bool expired)
        {
            await core.Sql.Schema.DeleteAllDataAsync(CancellationToken.None);
            await core.Maintenance.DeleteAllTokensAsync();
            var request =
                new AdminTokenRequest { Username = "some-user", TokenType = TokenType.User, TokenName = "root", Scopes = AllScopes };
            var token = await core.Tokens.CreateTokenFromAdminRequestAsync(request, TokenBuilders.Administrator(core.Clock));
            var root = await core.Tokens.CallerAsync(token);
            var notebook = await core.Tokens.GetNotebookTokenAsync(root);
            var internalToken = await core.Tokens.GetInternalTokenAsync(
                await core.Tokens.CallerAsync(notebook), "inner", AllScopes);
            var other = await core.Tokens.GetInternalTokenAsync(root, "other", ScopeSet.Of("read:some"));
            if (expired)
                await ExpireRowsAsync(core, [notebook.Key, internalToken.Key]);
            return new Tree(core, root, [notebook, internalToken, other]);
        }

        public async Task CheckAsync(string where)
        {
            foreach (var token in Issued)
            {
                if (await core.Tokens.GetDataAsync(token) is not { } record)
                    continue;
                Revoked.ShouldBeFalse($"{where}: {token.Key} is valid after its revocation was acknowledged");
                var row = await core.Tokens.GetTokenInfoUncheckedAsync(token.Key);
                row.ShouldNotBeNull($"{where}: {token.Key} is valid and not listed");
                record.Scopes.IsSubsetOf(row.Scopes).ShouldBeTrue($"{where}: {token.Key} has more scopes than its row");
                if (Allowed is not null)
                    record.Scopes.IsSubsetOf(Allowed).ShouldBeTrue($"{where}: {token.Key} has a removed scope");
                if (LatestEnd is not null)
                    (record.Expires <= LatestEnd).ShouldBeTrue($"{where}: {token.Key} expires after its new expiration");
            }
            if (Acknowledged is not null)
                (await core.Tokens.GetDataAsync(root.Record.Token))!.Scopes.ShouldBe(Acknowledged, where);

            // The audit repairs all remaining inconsistencies, and then the stores agree.
            await foreach (var _ in core.Audit.RunAsync(fix: true))
            {
            }
            await core.Maintenance.ExpireTokensAsync();
            var remaining = await core.Audit.RunAsync(fix: false).Where(finding => finding.Kind != AuditKind.NoParent).ToListAsync();
            remaining.ShouldBeEmpty(where);
            foreach (var key in Issued.Select(token => token.Key))
            {
                var isValid = await core.Tokens.GetDataAsync(Issued.Single(token => token.Key == key)) is not null;
                var isListed = await core.Tokens.GetTokenInfoUncheckedAsync(key) is not null;
                isValid.ShouldBe(isListed, $"{where}: {key} after the audit");
            }
        }

        private static async Task ExpireRowsAsync(PorthorDeployment core, IReadOnlyList<TokenKey> keys)
        {
            await using var transaction = await core.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
            foreach (var key in keys)
            {
                var row = await transaction.LockAsync(key, CancellationToken.None);
                transaction.Update(row! with { Expires = core.Clock.GetSecondsNow().AddMinutes(-1) });
            }
            await transaction.CommitAsync(CancellationToken.None);
        }
    }
}
