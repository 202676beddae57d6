namespace Porthor.Server.Configuration;

/// <summary>Reads the URLs of the stores (contract/configuration.md 2, storage.md 2.5, 3.1).</summary>
internal static partial class StoreUrls;
