using Porthor.Server.Api;
using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Values;

namespace Porthor.Server.Health;

/// <summary>
/// Maps the liveness and readiness probes. They are separate, because a restart of the process does not make a database available.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        const string tag = "internal";
        routes.MapGet(Routes.HealthLive, GetLive)
            .Described(tag, "getLiveness",
                "Check liveness",
                "Returns whether the process is running. This is not for users: proxies do not publish it.")
            .Answers<HealthAnswer>();
        routes.MapGet(Routes.HealthReady, GetReadyAsync)
            .Described(tag, "getReadiness",
                "Check readiness",
                "Returns whether the service is ready, with the state of each dependency. "
                    + "This route is not for users: proxies do not publish it.")
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
                    if (state.Error is not null)
                        writer.WriteString("error", state.Error);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            },
            ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);

        double Seconds(long since) => Math.Round(readiness.Ago(since).TotalSeconds, 1);
    }
}
