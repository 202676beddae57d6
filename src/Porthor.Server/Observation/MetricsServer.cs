using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Metrics;
using Porthor.Server.Configuration;
using Porthor.Server.Health;
using Porthor.Server.Http;
using Porthor.Server.Platform;

namespace Porthor.Server.Observation;

/// <summary>
/// Runs a second web server for metrics and health, on a port that proxies do not publish. It has no routes for users.
/// </summary>
internal static class MetricsServer
{
    public static WebApplication Build(TelemetrySettings settings, Readiness readiness, MeterProvider metrics, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "porthor" });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            HeaderEncodings.Configure(kestrel);
            kestrel.Limits.MaxConcurrentConnections = 100;
            kestrel.Listen(settings.MetricsAddress, settings.MetricsPort!.Value);
        });
        builder.Services.AddSingleton(loggers);
        builder.Services.Add(ServiceDescriptor.Singleton(typeof(ILogger<>), typeof(Logger<>)));
        builder.Services.AddSingleton(readiness);
        builder.Services.AddRouting();
        var app = builder.Build();
        app.Use(next => context =>
        {
            // Requests for metrics are not counted as requests of the service.
            if (context.Features.Get<IHttpMetricsTagsFeature>() is { } tags)
                tags.MetricsDisabled = true;
            return next(context);
        });
        app.UseMiddleware<HeadRequests>();
        app.UseOpenTelemetryPrometheusScrapingEndpoint(
            metrics, predicate: null, path: null, configureBranchedPipeline: null, optionsName: null);
        app.UseRouting();
        app.MapHealth();
        return app;
    }

    /// <exception cref="StartException">The server cannot listen on the port.</exception>
    public static async Task StartAsync(WebApplication app, TelemetrySettings settings, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new StartException(
                $"Cannot listen on {settings.MetricsAddress}:{settings.MetricsPort} for metrics: "
                + $"{(e.InnerException ?? e).Message.TrimEnd('.')}. Choose another port with --metrics-port.", e);
        }
    }
}
