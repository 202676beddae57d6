using System.CommandLine;
using System.Globalization;
using Porthor.Maintenance;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor rotate-session-secret</c>: encrypts every record with the first session secret, while the nodes serve on
/// (docs/operators/keys.md).
/// </summary>
internal static class RotateSessionSecretCommand
{
    public static Command Create()
    {
        var force = new Option<bool>("--force") { Description = "Even if a node does not know the first secret; it will then refuse every token" };
        var command = new Command("rotate-session-secret", "Encrypt every record with the first of the session secrets, so that the others can be given up") { force };
        command.SetWorkOnStores(SettingsNeed.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartCheck.ForCommandAsync(core, cancellationToken);
            if (!parsed.GetValue(force))
                await RefuseIfUnknownAsync(core, cancellationToken);
            return await RunAsync(core, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(PorthorCore core, CancellationToken cancellationToken)
    {
        ResealResult result;
        using (var progress = new TerminalProgress<ResealProgress>("Encrypting records", p => $"{p.Examined:N0} looked at, {p.Resealed:N0} encrypted anew"))
            result = await core.Tokens.ResealRecordsAsync(progress, cancellationToken);
        var key = core.SessionKeys[0].Id;
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Encrypted {result.Resealed} records anew with the first session secret ({key}); there are {result.Records}."));
        if (result.Unreadable > 0)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Unreadable} records can be read with none of the secrets; 'porthor audit' names them."));
        if (!result.Complete)
            throw new CommandFailure("Some node goes on encrypting with another secret. Give all the same list, restart them, and run this again.", exitCode: 1);
        Console.Out.WriteLine("No record needs another secret any more.");
        return 0;
    }

    /// <summary>A node that does not know the first secret could read no record any more, and would refuse every token.</summary>
    private static async Task RefuseIfUnknownAsync(PorthorCore core, CancellationToken cancellationToken)
    {
        var first = core.SessionKeys[0].Id;
        var ignorant = (await NodeNotes.ReadAsync(core, cancellationToken)).Where(node => !node.Keys.Contains(first)).ToList();
        if (ignorant.Count == 0)
            return;
        var names = string.Join(", ", ignorant.Select(node => string.Create(CultureInfo.InvariantCulture, $"{node.Name} (seen {node.Age.TotalSeconds:0} seconds ago)")));
        throw new CommandFailure(
            $"These nodes do not know the first session secret ({first}) and would refuse every token: {names}. Give all nodes both secrets and restart them first.", exitCode: 1);
    }
}
