using Porthor.Secrets;
using Porthor.Server.Configuration;

namespace Porthor.Testing;

/// <summary>Puts a wire that can be harmed between a node and its database.</summary>
internal static class WireSettings
{
    public static PorthorSettings Through(this PorthorSettings settings, FaultyWire wire) => settings with
    {
        DatabaseConnection = new Secret(
            settings.DatabaseConnection!.Reveal().Replace($"Port={wire.Target}", $"Port={wire.Port}", StringComparison.Ordinal)),
    };
}
