using Microsoft.Extensions.Time.Testing;
using Porthor.Testing;
using Porthor.Usage;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class TokenUsageTests
{
    [Theory, EveryMode]
    public async Task Usage_events_are_written_periodically_and_at_shutdown(Mode mode)
    {
        var clock = new FakeTimeProvider(Noon);
        await using var server = await TestServer.StartAsync(mode, clock: clock);
        var session = await server.Tokens.SessionForAsync("user");
        (await GetStatusAsync(server, "?service=early", TestServer.Bearer(session.Record.Token))).ShouldBe(200);
        // Exactly ten seconds pass; the write that they trigger takes more time.
        for (var second = 0; second < 10; second++)
            clock.Advance(TimeSpan.FromSeconds(1));
        await RealServers.WaitUntilAsync(
            async () => (await ReadServicesAsync(server, session)).ShouldBe(["early"]), "the usage event to be written");

        (await GetStatusAsync(server, "?service=late", TestServer.Bearer(session.Record.Token))).ShouldBe(200);
        await server.StopAsync();
        (await ReadServicesAsync(server, session)).ShouldBe(["late", "early"]);
    }

    [Theory, EveryMode]
    public async Task Old_usage_events_are_removed_with_old_history(Mode mode)
    {
        var clock = new FakeTimeProvider(Noon);
        await using var server = await TestServer.StartAsync(
            mode, settings => settings with { Usage = new UsageOptions(Retention: TimeSpan.FromDays(7)) }, clock);
        var session = await server.Tokens.SessionForAsync("user");
        foreach (var service in (string[])["old", "new"])
        {
            (await GetStatusAsync(server, $"?service={service}", TestServer.Bearer(session.Record.Token))).ShouldBe(200);
            await server.Core.Usage!.WriteAsync(TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromDays(5));
        }
        await server.Maintenance.TruncateHistoryAsync(cancellationToken: TestContext.Current.CancellationToken);
        (await ReadServicesAsync(server, session)).ShouldBe(["new"]);
    }

    [Theory, EveryMode]
    public async Task Without_usage_recording_there_are_no_usage_fields_and_routes(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        var session = await server.Tokens.SessionForAsync("user");
        var bearer = TestServer.Bearer(session.Record.Token);
        (await GetStatusAsync(server, "", bearer)).ShouldBe(200);
        await server.Core.Usage!.WriteAsync(TestContext.Current.CancellationToken);
        (await server.GetAsync("/auth/api/v1/token-info", bearer)).Json.TryGetProperty("last_used", out _).ShouldBeTrue();

        await using var silent = await TestServer.StartAsync(
            server.Deployment, settings => settings with { Usage = new UsageOptions(Enabled: false) });
        (await GetStatusAsync(silent, "", bearer)).ShouldBe(200);
        (await silent.GetAsync("/auth/api/v1/token-info", bearer)).Json.TryGetProperty("last_used", out _).ShouldBeFalse();
        (await silent.GetAsync("/auth/api/v1/users/user/tokens", bearer)).Body.ShouldNotContain("last_used");
        (await silent.GetAsync($"/auth/api/v1/users/user/tokens/{session.Record.Token.Key}/auth-history", bearer)).StatusCode.ShouldBe(404);
    }
}
