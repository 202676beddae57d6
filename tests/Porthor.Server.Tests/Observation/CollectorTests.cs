using System.Net;
using Porthor.Testing;

namespace Porthor.Server.Tests.Observation;

/// <summary>
/// Metrics and traces are exported to the endpoint in OpenTelemetry's environment variables, and not exported without them.
/// </summary>
public sealed class CollectorTests
{
    [Theory, EmbeddedAndCluster]
    public async Task Metrics_and_traces_are_exported_without_secrets(Mode mode)
    {
        await using var collector = new RecordingServer();
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        program.Variables["PORTHOR_SESSION_SECRET"] = deployment.Settings.SessionKeys[0].Reveal();
        var token = await MetricsTests.CreateTokenAsync(program);
        program.Variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.AbsoluteUri;
        program.Variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        program.Variables["OTEL_SERVICE_NAME"] = "porthor-under-test";
        using var serving = await ServingProgram.StartAsync(program, withMetrics: false);
        (await serving.AuthorizeAsync(token, "?scope=read:all&service=tap")).ShouldBe(HttpStatusCode.OK);
        (await serving.Client.GetAsync("/login?code=a-code-of-the-provider&state=a-state-of-ours")).Dispose();
        (await serving.Program.TerminateAsync()).ExitCode.ShouldBe(0);

        var metrics = string.Concat(collector.Requests.Where(sent => sent.Path == "/v1/metrics").Select(sent => sent.Text));
        foreach (var text in (string[])["porthor.decisions", "auth_user", "porthor-under-test"])
            metrics.ShouldContain(text);
        var traces = string.Concat(collector.Requests.Where(sent => sent.Path == "/v1/traces").Select(sent => sent.Text));
        foreach (var text in (string[])["/ingress/auth", mode == Mode.Cluster ? "token record store: reading" : "porthor-under-test"])
            traces.ShouldContain(text);
        foreach (var secret in (string[])[token.Reveal(), token.Reveal()
            .Split('.')[1], "a-code-of-the-provider", "a-state-of-ours", deployment.Settings.SessionKeys[0].Reveal()])
            (metrics + traces).ShouldNotContain(secret);
    }

    [Fact]
    public async Task Disabled_signals_are_not_exported()
    {
        await using var collector = new RecordingServer();
        await using var program = new PorthorProgram();
        program.Variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.AbsoluteUri;
        program.Variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        program.Variables["OTEL_TRACES_EXPORTER"] = "none";
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        (await program.RunAsync("maintenance")).ExitCode.ShouldBe(0);
        collector.Requests.Select(sent => sent.Path).Distinct().ShouldBe(["/v1/metrics"]);

        program.Variables["OTEL_SDK_DISABLED"] = "true";
        var before = collector.Requests.Count;
        (await program.RunAsync("maintenance")).ExitCode.ShouldBe(0);
        collector.Requests.Count.ShouldBe(before);
    }
}
