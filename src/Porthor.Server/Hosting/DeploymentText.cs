using Npgsql;
using Porthor.Server.Configuration;

namespace Porthor.Server.Hosting;

/// <summary>Whether a command may create a deployment that does not exist.</summary>
internal enum DeploymentUse
{
    /// <summary>The command works on a deployment that exists, and creates nothing.</summary>
    Existing,

    /// <summary>The command creates the data directory and the tables if they do not exist.</summary>
    CreateIfMissing,
}

/// <summary>Describes a deployment in messages, without secrets.</summary>
internal static class DeploymentText
{
    /// <summary>
    /// Returns the mode and the place of the data, for example <c>database deployment at db.example.com:5432/porthor</c>.
    /// </summary>
    public static string Of(PorthorSettings settings)
    {
        var mode = settings.Mode.ToString().ToLowerInvariant();
        return $"{mode} deployment at {(settings.DatabaseConnection is { } connection ? Place(connection.Reveal()) : settings.DataDirectory)}";
    }

    /// <summary>Returns the message for a command that finds no deployment in embedded mode.</summary>
    public static string Missing(string directory) =>
        $"There is no deployment at {directory}. Give this command the variables and options of the service, for example with --env-file FILE or --data-dir DIR. "
        + "To create a deployment, run 'porthor init'.";

    private static string Place(string connection)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection);
        var hosts = (builder.Host ?? "localhost").Split(',').Select(host => host switch
        {
            // A directory of Unix sockets, or a host of a list that has its own port.
            ['/' or '@', ..] => host,
            _ when host.Count(c => c == ':') == 1 => host,
            _ when host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') => $"[{host}]:{builder.Port}",
            _ when host.Contains("]:", StringComparison.Ordinal) => host,
            _ => $"{host}:{builder.Port}",
        });
        return $"{string.Join(',', hosts)}/{builder.Database}";
    }
}
