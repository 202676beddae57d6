using Porthor.Server.Platform;
using Porthor.Usage;

namespace Porthor.Server.Hosting;

/// <summary>Writes the buffered token usage to the database every five seconds and when the server stops.</summary>
internal sealed partial class TokenUsageFlushService(
    TimeProvider clock, TokenUsageBuffer usage, ILogger<TokenUsageFlushService> logger)
    : PeriodicService(Interval, runsAtStart: false, clock)
{
    /// <summary>The interval between writes. It is half of the maximum time until usage is visible.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Writes the remaining usage. The server no longer listens at this time, so there is no further usage.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync(RunAsync, cancellationToken);
    }

    protected override Task RunAsync(CancellationToken cancellationToken) => usage.WriteAsync(cancellationToken);

    protected override void LogError(Exception error) => Log.Failed(logger, error.Message, error);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Cannot record token usage")]
        public static partial void Failed(ILogger logger, string error, Exception exception);
    }
}
