using Porthor.Server.Api;
using Porthor.Server.Api.Description;

namespace Porthor.Server.Health;

/// <summary>
/// For whoever keeps the service running: is this process to be restarted, and is it to be sent requests? Two questions, because
/// restarting it does not bring back a database.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        const string tag = "internal";
        routes.MapGet("/health/live", GetLive)
            .Described(tag, "getLiveness", "Whether the process runs", "Looks at nothing else. Not for users: the proxy does not publish it.")
            .Answers<HealthAnswer>();
        routes.MapGet("/health/ready", GetReadyAsync)
            .Described(tag, "getReadiness", "Whether requests can be answered", "How everything is that is needed for it. Not for users: the proxy does not publish it.")
            .Answers<ReadinessAnswer>().Answers<ReadinessAnswer>(StatusCodes.Status503ServiceUnavailable);
    }

    private static IResult GetLive() => ApiJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("status", "alive");
        writer.WriteEndObject();
    });

    private static async Task<IResult> GetReadyAsync(Readiness readiness, IHostApplicationLifetime lifetime)
    {
        var states = await readiness.CheckAsync();
        var stopping = lifetime.ApplicationStopping.IsCancellationRequested;
        var ready = !stopping && states.All(state => state.IsUp || !state.Dependency.Required);
        return ApiJson.Write(
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("status", ready ? "ready" : stopping ? "stopping" : "not ready");
                writer.WriteStartArray("dependencies");
                foreach (var state in states)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", state.Dependency.Name);
                    writer.WriteString("state", state.IsUp ? "up" : "down");
                    writer.WriteNumber("age", Seconds(state.Since));
                    writer.WriteNumber("checked", Seconds(state.Checked));
                    writer.WriteBoolean("required", state.Dependency.Required);
                    if (state.Fault is not null)
                        writer.WriteString("fault", state.Fault);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            },
            ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);

        double Seconds(long since) => Math.Round(readiness.Ago(since).TotalSeconds, 1);
    }
}
