using Porthor.Server.Configuration;
namespace Porthor.Server.Hosting;

/// <summary>
/// Leaves without slamming the door. A server that is told to stop serves on for a moment and says with each answer that the
/// connection ends, so that clients and proxies go to other nodes by themselves. Closed at once, a connection would take
/// with it the request that is on its way.
/// </summary>
internal sealed class GracefulShutdown(TimeProvider clock, PorthorSettings settings) : IHostedLifecycleService
{
    private volatile bool begun;

    /// <summary>True from the moment the server was told to stop.</summary>
    public bool HasBegun => begun;

    /// <summary>Before anything else stops.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        begun = true;
        if (settings.ShutdownDelay > TimeSpan.Zero)
            await Task.Delay(settings.ShutdownDelay, clock, cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Says that the connection ends.</summary>
internal static class GracefulShutdownSetup
{
    public static void UseLeaving(this WebApplication app)
    {
        var leaving = app.Services.GetRequiredService<GracefulShutdown>();
        app.Use(next => context =>
        {
            if (leaving.HasBegun)
            {
                // At the last moment: what becomes a refusal begins its headers anew.
                context.Response.OnStarting(() =>
                {
                    context.Response.Headers.Connection = "close";
                    return Task.CompletedTask;
                });
            }
            return next(context);
        });
    }
}
