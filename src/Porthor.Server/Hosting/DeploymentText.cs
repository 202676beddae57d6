using Npgsql;
using Porthor.Server.Configuration;

namespace Porthor.Server.Hosting;

/// <summary>Describes a deployment in messages, without secrets.</summary>
internal static class DeploymentText
{
    /// <summary>
    /// Returns the mode and the place of the data, for example <c>database deployment at db.example.com:5432/porthor</c>.
    /// </summary>
    public static string Of(PorthorSettings settings)
    {
        var mode = settings.Mode.ToString().ToLowerInvariant();
        return $"{mode} deployment at {PlaceOf(settings)}";
    }

    /// <summary>Returns the place of the data: the address and the name of the database, or the data directory.</summary>
    public static string PlaceOf(PorthorSettings settings) =>
        settings.DatabaseConnection is { } connection ? PlaceOf(connection.Reveal()) : settings.DataDirectory;

    private static string PlaceOf(string connection)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection);
        var hosts = (builder.Host ?? "localhost").Split(',').Select(host => host switch
        {
            // A directory of Unix sockets. In a list, each host can have its own port.
            ['/' or '@', ..] => host,
            _ when host.Count(c => c == ':') == 1 => host,
            _ when host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') => $"[{host}]:{builder.Port}",
            _ when host.Contains("]:", StringComparison.Ordinal) => host,
            _ => $"{host}:{builder.Port}",
        });
        return $"{string.Join(',', hosts)}/{builder.Database}";
    }
}
