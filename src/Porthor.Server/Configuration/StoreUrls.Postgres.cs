using Npgsql;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

internal static partial class StoreUrls
{
    /// <summary>A connection string for the driver; null, with the fault noted, if the URL cannot be used.</summary>
    public static Secret? Database(SettingsSection settings)
    {
        const string key = "databaseUrl";
        var password = settings.Secret("databasePassword", "DATABASE_PASSWORD");
        if (settings.Text(key, "DATABASE_URL") is not { Length: > 0 } text)
            return null;
        // The URL itself is never shown: it may hold a password.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("postgresql" or "postgres" or "postgresql+asyncpg") || url.Host.Length == 0)
        {
            settings.Fault(key, value: null, "must be postgresql://USER@HOST[:PORT]/DATABASE");
            return null;
        }
        var (user, inUrl) = Credentials(url);
        if (password is not null && user is null)
        {
            settings.Fault(key, value: null, "databasePassword is set, but the URL names no user");
            return null;
        }
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port > 0 ? url.Port : NpgsqlConnection.DefaultPort,
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
            Username = user,
            Password = password?.Reveal() ?? inUrl,
        };
        foreach (var parameter in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = parameter.Split('=', 2);
            if (parts is ["sslmode", var mode] && SslModeOf(mode) is { } sslMode)
                builder.SslMode = sslMode;
            else if (parts is ["sslrootcert", var certificate])
                builder.RootCertificate = Uri.UnescapeDataString(certificate);
            else
                settings.Fault(key, value: null, $"has the parameter '{parts[0]}'; known are sslmode and sslrootcert");
        }
        return new Secret(builder.ConnectionString);
    }

    /// <summary>By its name; the platform's parser also takes numbers, even those that mean nothing.</summary>
    private static SslMode? SslModeOf(string text)
    {
        foreach (var mode in Enum.GetValues<SslMode>())
        {
            if (string.Equals($"{mode}", text.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase))
                return mode;
        }
        return null;
    }
}
