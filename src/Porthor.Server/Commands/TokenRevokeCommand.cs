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
        var keys = new Argument<string[]>("KEY") { Description = "Keys of the tokens, as 'token list' shows them", Arity = ArgumentArity.ZeroOrMore };
        keys.AcceptOnlyTokenKeys();
        var all = new Option<string?>("--all-of") { Description = "Revoke every token of this user; asks for confirmation", HelpName = "NAME" };
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
            var revoked = 0;
            foreach (var key in parsed.GetValue(keys)!.Select(OptionRules.KeyOf).Distinct())
            {
                if (await RevokeAsync(core, key, cancellationToken))
                    revoked++;
                else
                    missing.Add(key);
            }
            if (username is not null)
                revoked += await RevokeAllAsync(core, username, cancellationToken);
            await Console.Error.WriteLineAsync($"Revoked {CountText.Of(revoked, "token")}");
            return missing.Count == 0 ? 0 : throw new CommandFailure($"There is no token {string.Join(", ", missing)}");
        });
        return command;
    }

    /// <summary>
    /// Revokes every token of a user, repeatedly until none is left: a client that has one of the tokens may create more meanwhile.
    /// </summary>
    /// <returns>The number of revoked tokens, including child tokens.</returns>
    private static async Task<int> RevokeAllAsync(PorthorDeployment core, string username, CancellationToken cancellationToken)
    {
        HashSet<TokenKey> revoked = [];
        for (var round = 0; round < MaxRounds; round++)
        {
            var tokens = await core.Tokens.ListTokensAsync(TokenCommand.Host(core), username, cancellationToken);
            if (tokens.Count == 0)
                return revoked.Count;
            foreach (var token in tokens)
            {
                await RevokeAsync(core, token.Token, cancellationToken);
                revoked.Add(token.Token);
            }
        }
        throw new CommandFailure($"{username} still has tokens, because new ones are created continuously. Run the command again, and block the user at the login provider.");
    }

    /// <returns>False if the token does not exist.</returns>
    private static async Task<bool> RevokeAsync(PorthorDeployment core, TokenKey key, CancellationToken cancellationToken)
    {
        if (await core.Tokens.GetTokenInfoUncheckedAsync(key, cancellationToken: cancellationToken) is not { } token
            || !await core.Tokens.DeleteTokenAsync(key, TokenCommand.Host(core), token.Username, cancellationToken))
            return false;
        Console.Out.WriteLine($"Revoked {key} of {token.Username}");
        return true;
    }
}
