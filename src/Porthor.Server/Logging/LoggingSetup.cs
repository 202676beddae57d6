namespace Porthor.Server.Logging;

/// <summary>Configures the log of the server and of the commands.</summary>
internal static class LoggingSetup
{
    /// <summary>Logs to standard output: readable text on a terminal, otherwise one JSON object per line.</summary>
    /// <param name="toStandardError">True for commands whose result is on standard output.</param>
    public static ILoggingBuilder AddPorthorLogging(
        this ILoggingBuilder logging, LogLevel level, bool toStandardError = false, DecisionLogOptions? decisions = null,
        int anonymousPerSecond = AnonymousLogLimit.DefaultPerSecond)
    {
        var terminal = toStandardError ? !Console.IsErrorRedirected : !Console.IsOutputRedirected;
        var output = toStandardError ? Console.OpenStandardError() : Console.OpenStandardOutput();
        return logging.AddPorthorLogging(
            level, output, terminal ? new ReadableFormatter(TimeZoneInfo.Local) : new JsonLineFormatter(), decisions, anonymousPerSecond);
    }

    /// <param name="decisions">The limits for lines about forward authentication; null for no limits.</param>
    /// <param name="output">The stream, which is disposed with the loggers.</param>
    public static ILoggingBuilder AddPorthorLogging(
        this ILoggingBuilder logging, LogLevel level, Stream output, ILineFormatter formatter, DecisionLogOptions? decisions = null,
        int anonymousPerSecond = AnonymousLogLimit.DefaultPerSecond)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(level);
        // Information of the framework is written only at debug level.
        logging.AddFilter("Microsoft", level < LogLevel.Information ? LogLevel.Information : LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // These lines repeat the lines of Porthor. If they are enabled, the web server also creates an activity for every request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // The startup banner and the exit message contain this information.
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.Services.AddSingleton<ILoggerProvider>(
            _ => new BackgroundLogWriter(formatter, output, TimeProvider.System, decisions, anonymousPerSecond));
        logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
        logging.Services.AddSingleton(TimeProvider.System);
        return logging;
    }
}
