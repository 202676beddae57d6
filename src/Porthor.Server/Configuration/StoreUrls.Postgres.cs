using Porthor.Secrets;

namespace Porthor.Server.Configuration;

internal static partial class StoreUrls
{
    /// <summary>Returns a connection string for the driver. Returns null, and adds an error, if the URL is not valid.</summary>
    public static Secret? Database(SettingsSection settings) => PostgresUrl.Read(settings);
}
