using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Login.Local;
using Porthor.Server.Platform;

namespace Porthor.Server.Commands;

/// <summary><c>porthor local-admin reset-password</c>: sets a new password for the local administrator.</summary>
internal static class LocalAdminCommand
{
    public static Command Create()
    {
        var reset = new Command("reset-password", "Set a new password for the local administrator of an embedded deployment, and print it");
        reset.SetWorkOnStores(SettingsScope.Serving, (core, _, _) =>
        {
            if (LocalAdministrator.Of(core.DataDirectory, core.Settings) is not { } administrator)
                throw new CommandFailure("There is no local administrator: the configuration contains a login provider or localUsers.");
            StandardOutput.Require();
            var previous = core.DataDirectory!.TryRead(DataDirectory.LocalAdministratorName);
            var password = administrator.Reset();
            try
            {
                StandardOutput.WriteLine(password.Reveal());
            }
            catch (StandardOutputException e) when (previous is not null)
            {
                core.DataDirectory.Replace(DataDirectory.LocalAdministratorName, previous);
                throw new CommandFailure(
                    $"The password of {LocalAdministrator.Username} was not changed, because the new one cannot be printed. {e.Message}");
            }
            Console.Error.WriteLine($"{LocalAdministrator.Username} has a new password; the old one is no longer accepted");
            return Task.FromResult(0);
        });
        return new Command("local-admin", "Manage the local administrator of an embedded deployment") { reset };
    }
}
