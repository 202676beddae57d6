using Porthor.Usage;

namespace Porthor.Server.Hosting;

/// <summary>Writes the buffered token usage to the database every five seconds and when the server stops.</summary>
internal sealed partial class TokenUsageFlushService(
    TimeProvider clock, TokenUsageBuffer uses, ILogger<TokenUsageFlushService> logger) : BackgroundService
{
    /// <summary>The interval between writes. It is half of the maximum time until usage is visible.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Writes the remaining usage. The server no longer listens at this time, so there is no further usage.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await WriteAsync(stoppingToken);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await uses.WriteAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Every exception is caught and logged, so that later usage is recorded.
            Log.Failed(logger, e.Message, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Cannot record token usage")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
