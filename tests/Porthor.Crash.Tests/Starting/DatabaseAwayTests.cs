using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Crash.Tests.Starting;

/// <summary>A server that is started before its database.</summary>
public sealed class DatabaseAwayTests
{
    [Fact]
    public async Task It_waits_says_so_and_serves_as_soon_as_the_database_is_there()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var node = await Node.CreateAsync(deployment);
        node.TokenIndex.Refuses = true;
        var starting = node.StartAsync();
        // The second time, whoever did not wait would have begun to listen.
        await RealServers.UntilAsync(() => Task.FromResult(node.Output.Split("database not ready, waiting two seconds").Length > 2 ? true : throw new TimeoutException()), "the log");
        starting.IsCompleted.ShouldBeFalse();
        // It does not listen yet, so that nobody sends it anything.
        using (var http = Node.CreateClient())
            await Should.ThrowAsync<HttpRequestException>(() => http.GetAsync(node.Url));

        node.TokenIndex.Refuses = false;
        await starting;
        node.Output.ShouldContain("initialized database schema");
    }

    /// <summary>Refused at once, or silent: either way it gives up when its time is over.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_gives_up_after_a_while_with_one_sentence(bool refuses)
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        await using var node = await Node.CreateAsync(deployment, "startTimeout: 5s");
        if (refuses)
            node.TokenIndex.Refuses = true;
        else
            node.TokenIndex.Stall();
        var begun = Stopwatch.GetTimestamp();
        var ended = await node.RunAsync("run", "--port", "0");
        ended.ExitCode.ShouldBe(1);
        ended.Errors.ShouldStartWith("Error: Cannot connect to the database: ");
        ended.Errors.TrimEnd('\n').ShouldNotContain('\n');
        ended.Output.ShouldContain("database not ready, waiting two seconds");
        // Five seconds, the attempt that was under way then, and the program's own start.
        Stopwatch.GetElapsedTime(begun).ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
    }
}
