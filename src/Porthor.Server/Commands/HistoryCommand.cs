using System.CommandLine;
using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Api;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Commands;

/// <summary><c>porthor history</c>: prints the changes of tokens, newest first.</summary>
internal static class HistoryCommand
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 100_000;

    private static readonly ListColumn<TokenChange>[] Columns =
    [
        new("TIME", change => change.EventTime.ToLogText(), IsWhole: true),
        new("ACTION", change => change.Action.ToText(), IsWhole: true),
        new("KEY", change => change.Token.Value, IsWhole: true),
        new("USER", change => change.Username),
        new("ACTOR", change => change.Actor),
        new("TYPE", change => change.TokenType.ToText(), IsWideOnly: true),
        new("NAME", change => HeaderText.Clean(change.TokenName ?? change.Service ?? ""), IsWideOnly: true),
        new("SCOPES", change => change.Scopes.Text, IsWideOnly: true),
        new("EXPIRES", change => change.Expires?.ToLogText() ?? "never", IsWideOnly: true),
        new("ADDRESS", change => change.IpAddress?.ToString() ?? "", IsWideOnly: true),
    ];

    public static Command Create()
    {
        var username = new Option<string?>("--username", "-u") { Description = "Only the tokens of this user", HelpName = "NAME" };
        var limit = new Option<int>("--limit", "-n")
        {
            Description = "Number of changes to print",
            HelpName = "COUNT",
            DefaultValueFactory = _ => DefaultLimit,
        }.InRange(1, MaxLimit);
        var command = new Command("history", "List the changes of tokens, newest first") { username, limit };
        var output = ListOutput.AddTo(command);
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            var filter = new HistoryFilter { Username = parsed.GetValue(username) };
            if (filter.Username is { } name)
                await KnownUsers.RequireAsync(core, name, cancellationToken);
            var page = await core.Tokens.GetChangeHistoryAsync(
                TokenCommand.Host(core), new HistoryRequest<HistoryFilter>(filter, Cursor: null, parsed.GetValue(limit)),
                    cancellationToken);
            List<TokenChange> changes = [];
            await foreach (var change in page.Rows.WithCancellation(cancellationToken))
                changes.Add(change);
            output.Write(parsed, changes, Columns, TokenJson.Write);
            await Console.Error.WriteLineAsync(
                $"Listed {CountText.Of(changes.Count, "change")}{(page.Count > changes.Count ? $" of {page.Count}" : "")}");
            return 0;
        });
        return command;
    }
}
