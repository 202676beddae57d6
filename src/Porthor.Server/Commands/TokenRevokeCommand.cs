using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Tokens;

namespace Porthor.Server.Commands;

/// <summary><c>porthor token revoke</c>: revokes tokens by key, or all tokens of a user.</summary>
internal static class TokenRevokeCommand
{
    private const int MaxRounds = 20;

    public static Command Create()
    {
        var keys = new Argument<string[]>("KEY")
        {
            Description = "Keys of the tokens, as 'token list' shows them",
            Arity = ArgumentArity.ZeroOrMore,
        };
        keys.AcceptOnlyTokenKeys();
        var all = new Option<string?>("--all-of")
        {
            Description = "Revoke every token of this user; asks for confirmation",
            HelpName = "NAME",
        };
        var command = new Command("revoke", "Revoke tokens with all their child tokens") { keys, all };
        var confirmation = Confirmation.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(all) is null && result.GetResult(keys) is not { Tokens.Count: > 0 })
                result.AddError("Name the keys of the tokens to revoke, or a user with --all-of.");
        });
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            var username = parsed.GetValue(all);
            if (username is not null)
            {
                await KnownUsers.RequireAsync(core, username, cancellationToken);
                var tokens = await core.Tokens.ListTokensAsync(TokenCommand.Host(core), username, cancellationToken);
                if (tokens.Count > 0)
                    confirmation.Require(parsed, $"This revokes {CountText.Of(tokens.Count, "token")} of {username}.", "yes");
            }
            var missing = new List<TokenKey>();
            HashSet<TokenKey> named = [], revoked = [];
            List<string> lines = [];
            var isComplete = false;
            try
            {
                foreach (var key in parsed.GetValue(keys)!.Select(OptionRules.KeyOf).Distinct())
                {
                    if (await RevokeAsync(core, key, lines, cancellationToken) is not { } tree)
                    {
                        if (!revoked.Contains(key))
                            missing.Add(key);
                        continue;
                    }
                    named.Add(key);
                    revoked.UnionWith(tree);
                }
                if (username is not null)
                {
                    // The user was named, so all revoked tokens count as named.
                    await RevokeAllAsync(core, username, revoked, lines, cancellationToken);
                    named = revoked;
                }
                isComplete = true;
            }
            finally
            {
                // The lines are printed after the revocations, because standard output can be closed or full.
                if (isComplete || revoked.Count > 0)
                    await Console.Error.WriteLineAsync(Summary(named.Count, revoked.Except(named).Count()));
                foreach (var line in lines)
                    Console.Out.WriteLine(line);
            }
            return missing.Count == 0 ? 0 : throw new CommandFailure($"There is no token {string.Join(", ", missing)}");
        });
        return command;
    }

    private static string Summary(int named, int derived) =>
        $"Revoked {CountText.Of(named, "token")}"
        + (derived == 0 ? "" : $" and {CountText.Of(derived, "token")} derived from {(named == 1 ? "it" : "them")}");

    /// <summary>
    /// Revokes every token of a user. Repeats this until no token is left, because a client with one of the tokens can create more
    /// meanwhile.
    /// </summary>
    /// <param name="revoked">Receives the revoked tokens, including child tokens.</param>
    /// <param name="lines">Receives the lines to print.</param>
    private static async Task RevokeAllAsync(
        PorthorDeployment core, string username, HashSet<TokenKey> revoked, List<string> lines, CancellationToken cancellationToken)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var tokens = await core.Tokens.ListTokensAsync(TokenCommand.Host(core), username, cancellationToken);
            if (tokens.Count == 0)
                return;
            foreach (var token in tokens)
            {
                revoked.Add(token.Token);
                revoked.UnionWith(await RevokeAsync(core, token.Token, lines, cancellationToken) ?? []);
            }
        }
        throw new CommandFailure(
            $"{username} still has tokens, because new ones are created continuously. "
            + "Run the command again, and block the user at the login provider.");
    }

    /// <param name="lines">Receives the line to print.</param>
    /// <returns>The revoked tokens: the token itself and its descendants. Null if the token does not exist.</returns>
    private static async Task<IReadOnlyCollection<TokenKey>?> RevokeAsync(
        PorthorDeployment core, TokenKey key, List<string> lines, CancellationToken cancellationToken)
    {
        if (await core.Tokens.GetTokenInfoUncheckedAsync(key, cancellationToken: cancellationToken) is not { } token
            || await core.Tokens.RevokeTokenAsync(key, TokenCommand.Host(core), token.Username, cancellationToken) is not { } revoked)
            return null;
        lines.Add($"Revoked {key} of {token.Username}");
        return [key, .. revoked.Select(descendant => descendant.Token)];
    }
}
