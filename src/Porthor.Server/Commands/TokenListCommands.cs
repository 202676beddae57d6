using System.CommandLine;
using Porthor.Server.Api;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Commands;

/// <summary>Creates <c>porthor token list</c> and <c>porthor token show</c>. They print keys, never secrets.</summary>
internal static class TokenListCommands
{
    // The order of these columns must not change, because scripts read them by their position.
    private static readonly ListColumn<TokenInfo>[] ListColumns =
    [
        new("KEY", token => token.Token.Value, IsWhole: true),
        new("USER", token => token.Username),
        new("TYPE", token => token.TokenType.ToText()),
        new("NAME", token => HeaderText.Clean(token.TokenName ?? token.Service ?? "")),
        new("SCOPES", token => token.Scopes.Text, IsWideOnly: true),
        new("CREATED", token => token.Created.ToLogText(), IsWideOnly: true),
        new("EXPIRES", token => token.Expires?.ToLogText() ?? "never", IsWhole: true),
    ];

    private static readonly ListColumn<TokenInfo>[] ShowColumns =
    [
        .. ListColumns,
        new("LAST USED", token => token.LastUsed?.ToLogText() ?? ""),
        new("PARENT", token => token.Parent?.Value ?? ""),
    ];

    public static Command CreateList()
    {
        var username = new Option<string?>("--username", "-u") { Description = "Only the tokens of this user", HelpName = "NAME" };
        var command = new Command("list", "List tokens with their keys, newest first") { username };
        var output = ListOutput.AddTo(command);
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            var name = parsed.GetValue(username);
            if (name is not null)
                await KnownUsers.RequireAsync(core, name, cancellationToken);
            var tokens = await core.Tokens.ListTokensAsync(TokenCommand.Host(core), name, cancellationToken);
            output.Write(parsed, tokens, ListColumns, TokenJson.Write);
            await Console.Error.WriteLineAsync($"Listed {CountText.Of(tokens.Count, "token")}");
            return 0;
        });
        return command;
    }

    public static Command CreateShow()
    {
        var key = new Argument<string>("KEY") { Description = "Key of the token, as 'token list' shows it" };
        key.AcceptOnlyTokenKeys();
        var command = new Command("show", "Show one token") { key };
        var output = ListOutput.AddTo(command);
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            var wanted = OptionRules.KeyOf(parsed.GetValue(key)!);
            var token = await core.Tokens.GetTokenInfoUncheckedAsync(wanted, cancellationToken: cancellationToken)
                ?? throw new CommandFailure($"There is no token {wanted}");
            output.WriteOne(parsed, token, ShowColumns, TokenJson.Write);
            return 0;
        });
        return command;
    }
}
