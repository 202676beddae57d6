using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Starting;

/// <summary>A server that is started before its database.</summary>
public sealed class DatabaseUnavailableTests
{
    [Fact]
    public async Task A_server_waits_for_its_database_and_then_serves()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var node = await Node.CreateAsync(deployment);
        node.TokenIndex.RefusesConnections = true;
        var starting = node.StartAsync();
        // A server that did not wait would listen before the second message.
        await RealServers.WaitUntilAsync(
            () => Task.FromResult(
                node.Output.Split("database not ready, waiting two seconds").Length > 2 ? true : throw new TimeoutException()),
            "the log");
        starting.IsCompleted.ShouldBeFalse();
        // The server does not listen yet.
        using (var http = Node.CreateClient())
            await Should.ThrowAsync<HttpRequestException>(() => http.GetAsync(node.Url));

        node.TokenIndex.RefusesConnections = false;
        await starting;
        node.Output.ShouldContain("initialized database schema");
    }

    /// <summary>The connection is lost while the server creates the schema.</summary>
    [Fact]
    public async Task A_server_continues_its_start_after_a_lost_connection()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var node = await Node.CreateAsync(deployment);
        var interrupted = node.TokenIndex.InterruptAt(
            chunk => chunk is { ToServer: true } && chunk.Contains("CREATE TABLE"u8), occurrence: 1, before: true, () =>
            {
                node.TokenIndex.ResetConnections();
                return Task.CompletedTask;
            });
        await node.StartAsync();
        interrupted.IsCompletedSuccessfully.ShouldBeTrue();
        node.Output.ShouldContain("database not ready, waiting two seconds");
        node.Output.ShouldContain("initialized database schema");
    }

    /// <summary>The database refuses connections or does not respond. In both cases the start fails after its time limit.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_start_fails_after_a_timeout_with_one_message(bool refuses)
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var node = await Node.CreateAsync(deployment, "startTimeout: 5s");
        if (refuses)
            node.TokenIndex.RefusesConnections = true;
        else
            node.TokenIndex.Stall();
        var begun = Stopwatch.GetTimestamp();
        var ended = await node.RunAsync("run", "--port", "0");
        ended.ExitCode.ShouldBe(1);
        ended.Errors.ShouldStartWith("Error: Cannot connect to the database: ");
        ended.Errors.TrimEnd('\n').ShouldNotContain('\n');
        ended.Output.ShouldContain("database not ready, waiting two seconds");
        // Five seconds, the current attempt, and the start of the program.
        Stopwatch.GetElapsedTime(begun).ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
    }
}
