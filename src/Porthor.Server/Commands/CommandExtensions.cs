using System.CommandLine;
using Porthor.Audit;
using Porthor.Server.Alerts;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Logging;
using Porthor.Server.Observation;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary>How commands are run: what they are given, and what becomes of their failures.</summary>
internal static class CommandExtensions
{
    /// <summary>
    /// Runs a command's work. Failures that have a reason become one sentence on standard error and exit code 1; with
    /// <c>--verbose</c>, and for what nobody foresaw, the details as well.
    /// </summary>
    public static void SetWork(this Command command, ConfigOptions options, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) => GuardAsync(() => work(parsed, cancellationToken), options.IsVerbose(parsed)));

    /// <summary>As <see cref="SetWork"/>, with the stores opened and closed around it.</summary>
    public static void SetWorkOnStores(
        this Command command, SettingsNeed need, Func<PorthorCore, ParseResult, CancellationToken, Task<int>> work)
    {
        var options = ConfigOptions.AddTo(command);
        command.SetWork(options, async (parsed, cancellationToken) =>
        {
            var settings = options.Load(parsed, need);
            using var loggers = LoggerFactory.Create(logging => logging.AddPorthorLogging(settings.LogLevel, toStandardError: true));
            await using var core = PorthorCore.Open(settings, loggers, TimeProvider.System);
            // Nobody can fetch from a command, but it can send.
            using var telemetry = Telemetry.Start(settings.Telemetry with { MetricsPort = null }, core);
            try
            {
                return await work(core, parsed, cancellationToken);
            }
            catch (Exception e) when (settings.Sentry is not null && !IsForeseen(e))
            {
                using var sentry = new SentryReporter(settings.Sentry);
                sentry.Report(Alert.Uncaught(e, request: null));
                throw;
            }
        });
    }

    public static async Task<int> GuardAsync(Func<Task<int>> work, bool verbose)
    {
        try
        {
            return await work();
        }
        catch (OperationCanceledException)
        {
            return Fail("Interrupted", exitCode: 1);
        }
        catch (CommandFailure e)
        {
            return Fail(e.Message, e.ExitCode);
        }
        catch (Exception e) when (!verbose && IsForeseen(e))
        {
            return Fail(e is StoreUnavailableException { InnerException: { } cause } ? $"{e.Message}: {cause.Message}" : e.Message, exitCode: 1);
        }
        catch (Exception e)
        {
            return Fail(e.ToString(), exitCode: 1);
        }
    }

    /// <summary>Whether the exception's text says all that there is to say.</summary>
    private static bool IsForeseen(Exception exception) => exception is OperationCanceledException or CommandFailure or StartException
        or SettingsException or SchemaException or AuditException or PorthorException or IOException or UnauthorizedAccessException;

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"Error: {message}");
        return exitCode;
    }
}
