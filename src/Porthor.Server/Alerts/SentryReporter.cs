using Porthor.Server.Configuration;
using Porthor.Server.Logging;
using Porthor.Server.Platform;

namespace Porthor.Server.Alerts;

/// <summary>
/// Sends alerts to Sentry (contract/configuration.md 7). The Sentry client has its own queue and thread. The client records nothing
/// automatically: no requests, no users, no breadcrumbs.
/// </summary>
internal sealed class SentryReporter : IDisposable
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(5);

    private readonly SentryClient client;
    private readonly string environment;

    public SentryReporter(SentrySettings settings)
    {
        environment = settings.Environment;
        var options = new SentryOptions
        {
            Dsn = settings.Dsn.Reveal(),
            Environment = environment,
            Release = PorthorVersion.Text,
            SendDefaultPii = false,
            AutoSessionTracking = false,
            IsEnvironmentUser = false,
            MaxBreadcrumbs = 0,
            ShutdownTimeout = FlushTimeout,
            DisableFileWrite = true,
        };
        options.SetBeforeSend(Scrub);
        client = new SentryClient(options);
    }

    public void Report(Alert alert)
    {
        var report = new SentryEvent(alert.Exception) { Level = SentryLevel.Error };
        report.SetFingerprint("{{ default }}", environment);
        report.SetTag("type", alert.Type);
        if (!alert.IsUncaught || alert.Exception is null)
            report.Message = Redaction.Text(alert.Message);
        if (alert.User is { } user)
            report.User = new SentryUser { Username = user };
        if (alert.Key is { } key)
            report.SetTag("key", key);
        if (alert.Request?.Split(' ', 2) is [var method, var url])
        {
            report.SetTag("httpx_request_method", method);
            report.SetTag("httpx_request_url", Redaction.Text(url));
        }
        client.CaptureEvent(report);
    }

    /// <summary>Sends the waiting alerts, for at most <see cref="FlushTimeout"/>, and closes the client.</summary>
    public void Dispose()
    {
        client.FlushAsync(FlushTimeout).Wait(FlushTimeout);
        client.Dispose();
    }

    private static SentryEvent Scrub(SentryEvent report)
    {
        report.ServerName = null;
        foreach (var exception in report.SentryExceptions ?? [])
            exception.Value = exception.Value is { } text ? Redaction.Text(text) : null;
        return report;
    }
}
