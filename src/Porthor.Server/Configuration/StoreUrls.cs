namespace Porthor.Server.Configuration;

/// <summary>Reads the URLs of the stores (contract/configuration.md 2, storage.md 2.5, 3.1).</summary>
internal static partial class StoreUrls
{
    private static (string? User, string? Password) Credentials(Uri url)
    {
        var parts = url.UserInfo.Split(':', 2);
        string? Part(int index) => index < parts.Length && parts[index].Length > 0 ? Uri.UnescapeDataString(parts[index]) : null;
        return (Part(0), Part(1));
    }
}
