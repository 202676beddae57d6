namespace Porthor.Server.Logging;

internal static class LoggingSetup
{
    /// <summary>Logs to standard output: readable if that is a terminal, one JSON object a line if not.</summary>
    /// <param name="toStandardError">For commands, whose standard output is their result.</param>
    public static ILoggingBuilder AddPorthorLogging(this ILoggingBuilder logging, LogLevel level, bool toStandardError = false, DecisionLogOptions? decisions = null, int anonymousPerSecond = AnonymousLogLimit.DefaultPerSecond)
    {
        var terminal = toStandardError ? !Console.IsErrorRedirected : !Console.IsOutputRedirected;
        var output = toStandardError ? Console.OpenStandardError() : Console.OpenStandardOutput();
        return logging.AddPorthorLogging(level, output, terminal ? new ReadableFormatter(TimeZoneInfo.Local) : new JsonLineFormatter(), decisions, anonymousPerSecond);
    }

    /// <param name="decisions">What is said about answers to proxies; null for a line for each.</param>
    /// <param name="output">Closed with the loggers.</param>
    public static ILoggingBuilder AddPorthorLogging(this ILoggingBuilder logging, LogLevel level, Stream output, ILineFormatter formatter, DecisionLogOptions? decisions = null, int anonymousPerSecond = AnonymousLogLimit.DefaultPerSecond)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(level);
        // The framework's own news are of interest when something is wrong.
        logging.AddFilter("Microsoft", level < LogLevel.Information ? LogLevel.Information : LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        // It says nothing that we do not, and if it may speak the web server makes a trace for every request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // Said by the greeting, or by the exit with its reason.
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.Services.AddSingleton<ILoggerProvider>(_ => new BackgroundLogWriter(formatter, output, TimeProvider.System, decisions, anonymousPerSecond));
        logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
        logging.Services.AddSingleton(TimeProvider.System);
        return logging;
    }
}
