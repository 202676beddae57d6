using Porthor.Usage;

namespace Porthor.Server.Hosting;

/// <summary>Writes down the uses of tokens every few seconds, and what is left when the server stops.</summary>
internal sealed partial class TokenUsageFlushService(TimeProvider clock, TokenUsageBuffer uses, ILogger<TokenUsageFlushService> logger) : BackgroundService
{
    /// <summary>Half of what an answer may be late.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The server has stopped listening by then, so that no use follows.</summary>
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
            // Whatever it was, uses that follow are to be written down again.
            Log.Failed(logger, e.Message, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Uses cannot be written down")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
