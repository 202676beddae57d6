using System.Threading.Channels;
using Porthor.Server.Hosting;

namespace Porthor.Server.Alerts;

/// <summary>
/// Posts alerts in the background, one after the other: no request waits for Slack. While many wait, more are dropped; the log has
/// them all. Without a webhook nothing is posted.
/// </summary>
internal sealed class AlertPoster(PorthorCore core) : BackgroundService
{
    private const int Capacity = 100;

    /// <summary>How long what waits may still be posted when the server stops.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Channel<(Alert Alert, DateTimeOffset At)> waiting =
        Channel.CreateBounded<(Alert, DateTimeOffset)>(new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    public void Raise(Alert alert)
    {
        if (core.Settings.Slack.Webhook is not null)
            waiting.Writer.TryWrite((alert, core.Clock.GetUtcNow()));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        waiting.Writer.TryComplete();
        if (ExecuteTask is { } posting)
            await Task.WhenAny(posting, Task.Delay(Grace, cancellationToken));
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (core.Settings.Slack.Webhook is not { } url)
            return;
        using var slack = new SlackWebhook(url, core.Loggers.CreateLogger<SlackWebhook>());
        await foreach (var (alert, at) in waiting.Reader.ReadAllAsync(stoppingToken))
            await slack.PostAsync(SlackMessage.Of(alert, at), stoppingToken);
    }
}
