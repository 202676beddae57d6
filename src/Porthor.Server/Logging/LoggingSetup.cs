using Microsoft.Extensions.Logging.Console;

namespace Porthor.Server.Logging;

internal static class LoggingSetup
{
    /// <summary>Logs to standard output: readable if that is a terminal, one JSON object a line if not.</summary>
    /// <param name="toStandardError">For commands, whose standard output is their result.</param>
    public static ILoggingBuilder AddPorthorLogging(this ILoggingBuilder logging, LogLevel level, bool toStandardError = false)
    {
        var terminal = toStandardError ? !Console.IsErrorRedirected : !Console.IsOutputRedirected;
        logging.ClearProviders();
        logging.SetMinimumLevel(level);
        // The framework's own news are of interest when something is wrong.
        logging.AddFilter("Microsoft", level < LogLevel.Information ? LogLevel.Information : LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // Said by the greeting, or by the exit with its reason.
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddConsoleFormatter<JsonLineFormatter, ConsoleFormatterOptions>();
        logging.AddConsoleFormatter<ReadableFormatter, ConsoleFormatterOptions>();
        logging.AddConsole(options =>
        {
            options.FormatterName = terminal ? ReadableFormatter.FormatterName : JsonLineFormatter.FormatterName;
            options.LogToStandardErrorThreshold = toStandardError ? LogLevel.Trace : LogLevel.None;
        });
        logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
        logging.Services.AddSingleton(TimeProvider.System);
        return logging;
    }
}
