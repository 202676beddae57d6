using Porthor.Secrets;
using Porthor.Server.Configuration;

namespace Porthor.Testing;

internal static class LongTimeouts
{
    private const int Seconds = 30;

    /// <summary>
    /// Extends the time limits for requests and for new database connections. On a busy machine, many requests at the same time need longer
    /// than the default limits.
    /// </summary>
    public static PorthorSettings WithLongTimeouts(this PorthorSettings settings) => settings with
    {
        AnswerTimeout = TimeSpan.FromSeconds(Seconds),
        DatabaseConnection = settings.DatabaseConnection is { } connection ? new Secret($"{connection.Reveal()};Timeout={Seconds}") : null,
    };
}
