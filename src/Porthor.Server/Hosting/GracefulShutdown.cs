using Porthor.Server.Configuration;

namespace Porthor.Server.Hosting;

/// <summary>
/// Drains connections on shutdown: keeps serving for <see cref="PorthorSettings.ShutdownDelay"/> and sends <c>Connection: close</c> with
/// each response, so that clients and proxies connect to other nodes. If the server closed connections immediately, requests in transit
/// would be lost.
/// </summary>
internal sealed class GracefulShutdown(TimeProvider clock, PorthorSettings settings) : IHostedLifecycleService
{
    private volatile bool begun;

    /// <summary>Gets whether the shutdown has begun.</summary>
    public bool HasBegun => begun;

    /// <summary>Waits for the shutdown delay before the host stops any other service.</summary>
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

/// <summary>Adds the middleware that sends <c>Connection: close</c> during a graceful shutdown.</summary>
internal static class GracefulShutdownSetup
{
    public static void UseGracefulShutdown(this WebApplication app)
    {
        var shutdown = app.Services.GetRequiredService<GracefulShutdown>();
        app.Use(next => context =>
        {
            if (shutdown.HasBegun)
            {
                // The header is set when the response starts, because an error response clears the headers set before.
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
