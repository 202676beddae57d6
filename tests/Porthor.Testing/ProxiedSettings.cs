using Porthor.Secrets;
using Porthor.Server.Configuration;

namespace Porthor.Testing;

/// <summary>Routes a node's database connection through a <see cref="FaultInjectingProxy"/>.</summary>
internal static class ProxiedSettings
{
    public static PorthorSettings Through(this PorthorSettings settings, FaultInjectingProxy wire) => settings with
    {
        DatabaseConnection = new Secret(
            settings.DatabaseConnection!.Reveal().Replace($"Port={wire.Target}", $"Port={wire.Port}", StringComparison.Ordinal)),
    };
}
