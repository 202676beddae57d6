using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Hosting;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Commands;

/// <summary>Checks usernames of command lines, so that a mistyped name does not look like a user without tokens.</summary>
internal static class KnownUsers
{
    /// <summary>Requires that a user has or had a token, or is configured as a local user.</summary>
    /// <exception cref="CommandFailure">No token, history entry or local user has this name.</exception>
    public static async Task RequireAsync(PorthorDeployment core, string username, CancellationToken cancellationToken)
    {
        var host = TokenCommand.Host(core);
        if ((await core.Tokens.ListTokensAsync(host, username, cancellationToken)).Count > 0)
            return;
        var history = await core.Tokens.GetChangeHistoryAsync(
            host, new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = username }, Cursor: null, Limit: 1), cancellationToken);
        if (history.Count > 0 || IsLocal(core, username))
            return;
        throw new CommandFailure($"There is no user {CommandLineErrors.Display(username)}: no token and no history entry has this name.");
    }

    private static bool IsLocal(PorthorDeployment core, string username) =>
        (core.Settings.Providers.LocalUsers ?? []).Any(user => user.Username == username)
        || (username == LocalAdministrator.Username && LocalAdministrator.Of(core.DataDirectory, core.Settings) is not null);
}
