using System.CommandLine;
using System.Globalization;
using Porthor.Maintenance;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor rotate-session-secret</c>: encrypts every token record with the first session secret while the nodes handle requests
/// (docs/operators/keys.md).
/// </summary>
internal static class RotateSessionSecretCommand
{
    public static Command Create()
    {
        var force = new Option<bool>("--force")
        {
            Description = "Run even if a node does not have the first secret and will deny every token, or if an older secret is lost",
        };
        var command = new Command(
            "rotate-session-secret",
            "Encrypt every token record with the first session secret, so that the others can be removed") { force };
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(
                core, cancellationToken, parsed.GetValue(force) ? SecretRequirement.Any : SecretRequirement.All);
            if (!parsed.GetValue(force))
                await RefuseIfUnknownAsync(core, cancellationToken);
            return await RunAsync(core, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        await SessionSecretCheck.RecordUseAsync(core, cancellationToken);
        var recorded = await SessionSecretCheck.ReadAsync(core, cancellationToken);
        ReencryptionResult result;
        using (var progress = new TerminalProgress<ReencryptionProgress>(
            "Encrypting records", p => $"{p.Examined:N0} examined, {p.Reencrypted:N0} encrypted"))
            result = await core.Reencryption.RunAsync(progress, cancellationToken);
        var key = core.SessionKeys[0].Id;
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Encrypted {result.Reencrypted} of {result.Records} records with the first session secret ({key})."));
        if (result.Unreadable > 0)
            await Console.Error.WriteLineAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Unreadable} records cannot be decrypted with any of the secrets; 'porthor audit' lists them."));
        if (!result.Complete)
            throw new CommandFailure(
                "A node still encrypts with another secret. Keep all secrets, give every node the same list, restart the nodes, and run "
                + "this command again.", exitCode: 1);
        await SessionSecretCheck.ForgetOthersAsync(core, recorded, cancellationToken);
        await Console.Error.WriteLineAsync("All records can be decrypted with the first session secret. The other secrets can be removed.");
        return 0;
    }

    /// <summary>
    /// Throws if a node does not have the first secret. Such a node could not decrypt any record and would deny every token.
    /// </summary>
    private static async Task RefuseIfUnknownAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        var first = core.SessionKeys[0].Id;
        var lacking = (await NodeRegistry.ReadAsync(core.Sql, core.Clock, cancellationToken)).Where(node => !node.Keys.Contains(first))
            .ToList();
        if (lacking.Count == 0)
            return;
        var names = string.Join(
            ", ",
            lacking.Select(
                node => string.Create(CultureInfo.InvariantCulture, $"{node.Name} (seen {node.Age.TotalSeconds:0} seconds ago)")));
        throw new CommandFailure(
            $"These nodes do not have the first session secret ({first}) and would deny every token: {names}. "
            + "Keep the old secret, give all nodes both secrets, restart them, and run this command again.", exitCode: 1);
    }
}
