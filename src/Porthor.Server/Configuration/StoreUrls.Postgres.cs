using Porthor.Secrets;

namespace Porthor.Server.Configuration;

// The PostgreSQL half.
internal static partial class StoreUrls
{
    /// <summary>A connection string for the driver; null, with the error noted, if the URL cannot be used.</summary>
    public static Secret? Database(SettingsSection settings) => PostgresUrl.Read(settings);
}
