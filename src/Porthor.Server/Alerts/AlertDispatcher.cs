using System.Threading.Channels;
using Porthor.Server.Configuration;

namespace Porthor.Server.Alerts;

/// <summary>
/// Sends alerts in the background to Slack and Sentry, if they are configured, so that requests do not wait. Omits repeated alerts, and
/// drops new alerts if too many are waiting. The log contains all of them.
/// </summary>
internal sealed class AlertDispatcher(
    AlertSink sink, PorthorSettings settings, TimeProvider clock, ILoggerFactory loggers) : BackgroundService
{
    private const int Capacity = 100;

    /// <summary>The time in which waiting alerts can be sent when the server stops.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly AlertRateLimit limit = new(clock);

    private readonly Channel<(Alert Alert, DateTimeOffset At, int LeftOut)> waiting = Channel.CreateBounded<(Alert, DateTimeOffset, int)>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private bool IsConfigured => settings.Slack.Webhook is not null || settings.Sentry is not null;

    public void Raise(Alert alert)
    {
        if (IsConfigured && limit.Admits(alert, out var leftOut))
            waiting.Writer.TryWrite((alert, clock.GetUtcNow(), leftOut));
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        sink.Connect(Raise);
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        sink.Connect(null);
        waiting.Writer.TryComplete();
        if (ExecuteTask is { } posting)
            await Task.WhenAny(posting, Task.Delay(Grace, cancellationToken));
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsConfigured)
            return;
        using var slack = settings.Slack.Webhook is { } url ? new SlackWebhook(url, loggers.CreateLogger<SlackWebhook>()) : null;
        using var sentry = settings.Sentry is { } sentrySettings ? new SentryReporter(sentrySettings) : null;
        await foreach (var (alert, at, leftOut) in waiting.Reader.ReadAllAsync(stoppingToken))
        {
            sentry?.Report(alert);
            // Without slackAlerts, only expected failures are posted to the webhook (contract/configuration.md 6).
            if (slack is not null && (!alert.IsUncaught || settings.Slack.Alerts))
                await slack.PostAsync(SlackMessage.Of(alert, at, leftOut), stoppingToken);
        }
    }
}
