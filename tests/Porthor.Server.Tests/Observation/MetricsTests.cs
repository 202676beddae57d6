using System.Net;
using System.Text.RegularExpressions;
using Porthor.Server.Platform;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Observation;

/// <summary>The metrics of the program, scraped over HTTP.</summary>
public sealed partial class MetricsTests
{
    [Theory, EmbeddedAndCluster]
    public async Task Metrics_are_available_only_on_the_metrics_port(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        program.Variables["PORTHOR_SESSION_SECRET"] = deployment.Settings.SessionKeys[0].Reveal();
        var token = await CreateTokenAsync(program);
        using var serving = await ServingProgram.StartAsync(program);
        (await serving.AuthorizeAsync(token, "?scope=read:all&service=tap")).ShouldBe(HttpStatusCode.OK);
        (await serving.AuthorizeAsync(token, "?scope=read:all&service=tap")).ShouldBe(HttpStatusCode.OK);
        (await serving.AuthorizeAsync(token, "?scope=admin:token&service=tap")).ShouldBe(HttpStatusCode.Forbidden);
        (await serving.AuthorizeAsync(token: null, "?scope=read:all")).ShouldBe(HttpStatusCode.Unauthorized);
        (await serving.AuthorizeAsync(token, "?satisfy=most")).ShouldBe(HttpStatusCode.UnprocessableEntity);

        var metrics = await serving.MetricsAsync();
        foreach (var line in (string[])
        [
            """porthor_decisions_total{outcome="allowed",service="tap"} 2""",
            """porthor_decisions_total{outcome="denied",service="tap"} 1""",
            """porthor_decisions_total{outcome="unauthenticated",service=""} 1""",
            """porthor_decisions_total{outcome="invalid",service=""} 1""",
            """porthor_decisions_total{outcome="unavailable",service=""} 0""",
            """porthor_decision_duration_seconds_count{outcome="allowed"} 2""",
            """auth_user_total{service="tap"} 2""",
            """porthor_records_decrypted_total{} 1""",
            $$"""porthor_build_info{mode="{{mode.ToString().ToLowerInvariant()}}",version="{{PorthorVersion.Text}}"} 1""",
        ])
            metrics.ShouldContain(line);
        // The record was read from the store of the mode. The metrics of the connection pool come from the driver.
        var (operation, store) = mode == Mode.Cluster ? ("reading", "token record store") : ("reading a record", "token list");
        metrics.ShouldContain($"porthor_store_duration_seconds_count{{operation=\"{operation}\",store=\"{store}\"}}");
        if (mode != Mode.Embedded)
            metrics.ShouldMatch("""db_client_connection\w+\{[^}]*pool_name="token list"[^}]*\} [0-9]""");
        metrics.ShouldNotContain(token.Reveal());
        metrics.ShouldNotContain(token.Reveal().Split('.')[1]);

        // The public port has no metrics, and the metrics port has no other routes.
        (await serving.Client.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        foreach (var path in (string[])["/", "/ingress/auth", "/auth/api/v1/token-info", "/health", "/login"])
            (await serving.Client.GetAsync(new Uri(serving.MonitoringUrl!, path))).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        (await serving.Client.GetStringAsync(new Uri(serving.MonitoringUrl!, "/health/live"))).ShouldBe("""{"status":"alive"}""");
        (await serving.Client.GetAsync(new Uri(serving.MonitoringUrl!, "/health/ready"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Unknown_services_do_not_create_unlimited_series()
    {
        await using var program = new PorthorProgram();
        var token = await CreateTokenAsync(program);
        using var serving = await ServingProgram.StartAsync(program);
        for (var i = 0; i < 300; i++)
            await serving.AuthorizeAsync(token, $"?scope=read:all&service=invented{i}");
        await serving.AuthorizeAsync(token, $"?scope=read:all&service={new string('x', 500)}");

        var metrics = await serving.MetricsAsync();
        Service.Matches(metrics).Select(match => match.Groups["name"].Value).Distinct().Count().ShouldBeLessThan(110);
        metrics.ShouldContain("""porthor_decisions_total{outcome="allowed",service="(other)"} 201""");
    }

    [Fact]
    public async Task A_server_without_a_metrics_port_has_no_metrics()
    {
        await using var program = new PorthorProgram();
        using var serving = await ServingProgram.StartAsync(program, withMetrics: false);
        (await serving.Client.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        serving.Program.Output.ShouldNotContain("Metrics and health");
    }

    [Fact]
    public async Task A_metrics_port_in_use_is_reported_in_one_sentence()
    {
        await using var program = new PorthorProgram();
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var refused = await program.RunAsync("run", "--port", "0", "--metrics-port", $"{port}");
        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldStartWith($"Error: Cannot listen on 127.0.0.1:{port} for metrics: ");
        (await program.RunAsync("run", "--metrics-port", "70000")).ExitCode.ShouldBe(2);
    }

    /// <summary>Maintenance and audit are separate processes; the server exports their results.</summary>
    [Fact]
    public async Task The_server_exports_the_results_of_maintenance_and_audit()
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Embedded);
        await using var program = await PorthorProgram.ForAsync(deployment);
        await CreateTokenAsync(program);
        (await program.RunAsync("maintenance")).ExitCode.ShouldBe(0);
        await (await deployment.OpenNodeAsync()).RecordStore.DeleteAllAsync(CancellationToken.None);
        (await program.RunAsync("audit")).Output.ShouldContain("found in database but not Redis");

        using var serving = await ServingProgram.StartAsync(program);
        await serving.Program.WaitUntilAsync(
            async () => (await serving.MetricsAsync())
                .Contains("""porthor_audit_findings{kind="no_record"} 1""", StringComparison.Ordinal), "the audit's findings");
        var metrics = await serving.MetricsAsync();
        metrics.ShouldContain("active_user_tokens{} 1");
        metrics.ShouldMatch(@"porthor_audit_time_seconds\{\} [0-9]{10}");
        metrics.ShouldMatch(@"porthor_maintenance_time_seconds\{\} [0-9]{10}");
    }

    internal static async Task<Token> CreateTokenAsync(PorthorProgram program)
    {
        await program.RunAsync("init");
        var made = await program.RunAsync(
            "token", "create", "--username", "ann", "--name", "one", "--scopes", "read:all,user:token", "--lifetime", "30d");
        made.ExitCode.ShouldBe(0, made.Errors);
        return Token.Parse(made.Output.Trim());
    }

    [GeneratedRegex("service=\"(?<name>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Service { get; }
}
