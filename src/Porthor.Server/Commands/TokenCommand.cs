using System.CommandLine;
using System.Globalization;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Http;
using Porthor.Tokens;
using Porthor.Values;
using Spectre.Console;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor token create|list|revoke</c>: for whoever has the host, such as an administrator who has locked themselves out.
/// History shows these changes as made by <c>&lt;internal&gt;</c>.
/// </summary>
internal static class TokenCommand
{
    public static Command Create() => new("token", "Make, list and revoke tokens on this host, without a token of one's own")
    {
        CreateCreate(),
        CreateList(),
        CreateRevoke(),
    };

    private static Command CreateCreate()
    {
        var username = new Option<string>("--username") { Description = "Whose token it is", HelpName = "NAME", Required = true };
        var scopes = new Option<string>("--scopes") { Description = "Scopes with commas between", HelpName = "SCOPES", DefaultValueFactory = _ => "" };
        var name = new Option<string?>("--name") { Description = "The token's name [default: made at the host, with the time]", HelpName = "NAME" };
        var lifetime = new Option<string?>("--lifetime") { Description = "How long it lasts, for example 30d or 12h [default: as the policy says, or for ever]", HelpName = "TIME" };
        var service = new Option<bool>("--service") { Description = "Make a service token; its user must be named bot-..." };
        var command = new Command("create", "Make a token and print it") { username, scopes, name, lifetime, service };
        command.SetWorkOnStores(SettingsNeed.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartCheck.ForCommandAsync(core, cancellationToken);
            var now = core.Clock.GetUtcNow();
            var isService = parsed.GetValue(service);
            if (isService && parsed.GetValue(name) is not null)
                throw new CommandFailure("Tokens of type service cannot have a name", exitCode: 2);
            var request = new AdminTokenRequest
            {
                Username = parsed.GetValue(username)!,
                TokenType = isService ? TokenType.Service : TokenType.User,
                TokenName = isService ? null : parsed.GetValue(name) ?? string.Create(CultureInfo.InvariantCulture, $"made at the host {now:yyyy-MM-dd HH:mm:ss}"),
                Scopes = ScopeSet.Parse(parsed.GetValue(scopes)!),
                Expires = ParseLifetime(parsed.GetValue(lifetime)) is { } span ? now + span : null,
            };
            var token = await core.Tokens.CreateTokenFromAdminRequestAsync(request, Host(core), cancellationToken);
            Console.Out.WriteLine(token.Reveal());
            return 0;
        });
        return command;
    }

    private static Command CreateList()
    {
        var username = new Option<string?>("--username") { Description = "Only the tokens of this user", HelpName = "NAME" };
        var command = new Command("list", "List tokens; their keys, never their secrets") { username };
        command.SetWorkOnStores(SettingsNeed.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartCheck.ForCommandAsync(core, cancellationToken);
            Print(await core.Tokens.ListTokensAsync(Host(core), parsed.GetValue(username), cancellationToken));
            return 0;
        });
        return command;
    }

    private static Command CreateRevoke()
    {
        var keys = new Argument<string[]>("KEY") { Description = "The tokens' keys, as 'token list' shows them", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<string?>("--all-of") { Description = "Revoke every token of this user", HelpName = "NAME" };
        var command = new Command("revoke", "Revoke tokens with all their children") { keys, all };
        command.SetWorkOnStores(SettingsNeed.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartCheck.ForCommandAsync(core, cancellationToken);
            var wanted = parsed.GetValue(keys)!.Select(key => new TokenKey(Key(key))).ToList();
            if (parsed.GetValue(all) is { } username)
                wanted.AddRange((await core.Tokens.ListTokensAsync(Host(core), username, cancellationToken)).Select(token => token.Token));
            else if (wanted.Count == 0)
                throw new CommandFailure("Name the keys of the tokens to revoke, or a user with --all-of.", exitCode: 2);
            return await RevokeAsync(core, wanted, parsed.GetValue(keys)!.Length, cancellationToken);
        });
        return command;
    }

    /// <param name="named">How many of them, from the first on, were named; the others may be gone with a parent.</param>
    private static async Task<int> RevokeAsync(PorthorCore core, List<TokenKey> wanted, int named, CancellationToken cancellationToken)
    {
        var missing = new List<TokenKey>();
        foreach (var (index, key) in wanted.Index())
        {
            if (await core.Tokens.GetTokenInfoUncheckedAsync(key, cancellationToken: cancellationToken) is { } token
                && await core.Tokens.DeleteTokenAsync(key, Host(core), token.Username, cancellationToken))
                Console.Out.WriteLine($"Revoked {key} of {token.Username}");
            else if (index < named)
                missing.Add(key);
        }
        return missing.Count == 0 ? 0 : throw new CommandFailure($"There is no token {string.Join(", ", missing)}");
    }

    private static Caller Host(PorthorCore core) => new(TokenRecord.Internal(core.Clock.GetUtcNow()), IpAddress: null);

    /// <summary>A key, also if somebody pasted the whole token.</summary>
    private static string Key(string text) => Token.TryParse(text, out var token) ? token.Key.Value : text;

    private static TimeSpan? ParseLifetime(string? text) => text is null
        ? null
        : Duration.TryParse(text) ?? throw new CommandFailure($"'{text}' is no span of time; write for example 30d or 12h.", exitCode: 2);

    private static void Print(IReadOnlyList<TokenInfo> tokens)
    {
        string[] columns = ["KEY", "USER", "TYPE", "NAME", "SCOPES", "CREATED", "EXPIRES"];
        var rows = tokens.Select(token => (string[])
        [
            token.Token.Value, token.Username, token.TokenType.ToText(), HeaderText.Clean(token.TokenName ?? token.Service ?? ""), token.Scopes.Text,
            token.Created.ToLogText(), token.Expires?.ToLogText() ?? "never",
        ]);
        if (Console.IsOutputRedirected)
        {
            foreach (var row in rows)
                Console.Out.WriteLine(string.Join('\t', row));
            return;
        }
        var table = new Table().Border(TableBorder.None).AddColumns(columns);
        foreach (var row in rows)
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        AnsiConsole.Write(table);
    }
}
