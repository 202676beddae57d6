using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Porthor.History;
using Porthor.Server.Logging;
using Porthor.Storage;
using Porthor.Telemetry;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Observation;

public sealed partial class MetricNameTests
{
    /// <summary>Returns the metrics of the platform and the drivers.</summary>
    private static async Task<string> FetchServerMetricsAsync()
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        await using var program = await PorthorProgram.ForAsync(deployment);
        using var serving = await ServingProgram.StartAsync(program);
        await serving.AuthorizeAsync(token: null, "?scope=read:all");
        return await serving.MetricsAsync();
    }

    /// <summary>Records every measurement once with all methods of the metrics class, and returns the scraped metrics.</summary>
    internal static async Task<string> FetchAllAsync()
    {
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(PorthorMetrics.MeterName)
            .AddPrometheusExporter(prometheus => (prometheus.ScopeInfoEnabled, prometheus.TargetInfoEnabled) = (false, false)).Build();
        using var metrics = new PorthorMetrics();
        using var log = new BackgroundLogWriter(new JsonLineFormatter(), Stream.Null, TimeProvider.System);
        foreach (var facts in (object[])[metrics, metrics.Decisions, metrics.Stores, metrics.Tokens, metrics.Maintenance])
        {
            foreach (var fact in facts.GetType().GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Where(method => method.ReturnType == typeof(void) && method.Name != nameof(IDisposable.Dispose)))
                fact.Invoke(facts, [.. fact.GetParameters().Select(parameter => CreateValue(parameter.ParameterType))]);
        }
        // An argument selects the counter for bots.
        metrics.Authorized(isBot: false, "service");

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseOpenTelemetryPrometheusScrapingEndpoint(
            provider, predicate: null, path: null, configureBranchedPipeline: null, optionsName: null);
        await app.StartAsync();
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(new Uri(app.Urls.First()), "/metrics"));
    }

    private static object CreateValue(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        _ when type == typeof(string) => "service",
        _ when type == typeof(bool) => true,
        _ when type == typeof(long) => 1L,
        _ when type == typeof(DateTimeOffset) => DateTimeOffset.UnixEpoch,
        _ when type == typeof(TokenCounts) => new TokenCounts(1, 1),
        var time when time == typeof(TimeSpan) => TimeSpan.FromSeconds(1),
        { IsEnum: true } => Enum.GetValues(type).GetValue(0)!,
        _ when type == typeof(Func<long>) => new Func<long>(() => 1),
        _ when type == typeof(Func<(long, long)>) => new Func<(long, long)>(() => (1, 1)),
        _ when type == typeof(IReadOnlyList<TokenChange>) => (TokenChange[])[SomeChange],
        _ => throw new InvalidOperationException($"No value for parameters of type {type}."),
    };

    private static TokenChange SomeChange => new()
    {
        Token = new TokenKey("key"),
        Username = "ann",
        TokenType = TokenType.User,
        Scopes = ScopeSet.Empty,
        Actor = "ann",
        Action = ChangeAction.Create,
        EventTime = DateTimeOffset.UnixEpoch,
    };
}
