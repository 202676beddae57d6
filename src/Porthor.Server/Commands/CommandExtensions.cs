using System.CommandLine;
using Porthor.Audit;
using Porthor.Server.Alerts;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Logging;
using Porthor.Server.Observation;
using Porthor.Server.Platform;
using Porthor.Sql.Schema;

namespace Porthor.Server.Commands;

/// <summary>Runs commands, and converts their failures to a message and an exit status.</summary>
internal static class CommandExtensions
{
    /// <summary>
    /// Sets the action of a command. An expected failure is printed as one sentence on standard error, with exit status 1. With
    /// <c>--verbose</c>, and for unexpected exceptions, the details are printed too.
    /// </summary>
    public static void SetWork(this Command command, ConfigOptions options, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) => GuardAsync(() => work(parsed, cancellationToken), options.IsVerbose(parsed)));

    /// <summary>Sets the action of a command that needs neither configuration nor stores.</summary>
    public static void SetWork(this Command command, Func<ParseResult, int> work) =>
        command.SetAction((parsed, _) => GuardAsync(() => Task.FromResult(work(parsed)), verbose: false));

    /// <summary>Sets the action of a command that works on the stores of a deployment.</summary>
    /// <param name="use">Specifies whether the command may create the deployment.</param>
    public static void SetWorkOnStores(
        this Command command,
        SettingsScope need,
        Func<PorthorDeployment, ParseResult, CancellationToken, Task<int>> work,
        DeploymentUse use = DeploymentUse.Existing)
    {
        var options = ConfigOptions.AddTo(command);
        command.SetWork(options, (parsed, cancellationToken) =>
            OnStoresAsync(options.Load(parsed, need), use, options.IsVerbose(parsed), core => work(core, parsed, cancellationToken)));
    }

    /// <summary>Opens the stores, prints the deployment to standard error, and runs work on it.</summary>
    public static async Task<int> OnStoresAsync(
        PorthorSettings settings, DeploymentUse use, bool verbose, Func<PorthorDeployment, Task<int>> work)
    {
        using var loggers = LoggerFactory.Create(logging =>
        {
            if (verbose)
                logging.AddPorthorLogging(settings.LogLevel, toStandardError: true);
        });
        if (settings.Mode == DeploymentMode.Embedded)
            ProcessUser.SwitchToOwnerOf(settings.DataDirectory);
        await using var core = PorthorDeployment.Open(settings, loggers, TimeProvider.System, use);
        await Console.Error.WriteLineAsync($"Working on the {DeploymentText.Of(settings)}");
        // A command has no metrics endpoint, but it can send metrics.
        using var telemetry = OpenTelemetrySetup.Start(settings.Telemetry with { MetricsPort = null }, core.Metrics, core.Settings.Mode);
        try
        {
            return await work(core);
        }
        catch (Exception e) when (settings.Sentry is not null && !IsExpected(e))
        {
            using var sentry = new SentryReporter(settings.Sentry);
            sentry.Report(Alert.Uncaught(e, request: null));
            throw;
        }
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
        catch (UnauthorizedAccessException) when (!verbose && StandardOutput.IsClosed())
        {
            // If standard output is closed, the framework throws this exception.
            return Fail(new StandardOutputException("it is closed").Message, exitCode: 1);
        }
        catch (Exception e) when (!verbose && IsExpected(e))
        {
            return Fail(
                e is StoreUnavailableException { InnerException: { } cause } ? $"{e.Message}: {cause.Message}" : e.Message, exitCode: 1);
        }
        catch (Exception e)
        {
            return Fail(e.ToString(), exitCode: 1);
        }
    }

    /// <summary>Returns whether the message of the exception is sufficient for the user.</summary>
    private static bool IsExpected(Exception exception) => exception is OperationCanceledException or CommandFailure or StartException
        or SettingsException or SchemaException or AuditException or PorthorException or IOException or UnauthorizedAccessException;

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"Error: {Redaction.Text(message)}");
        return exitCode;
    }
}
