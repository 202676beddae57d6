using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Porthor.Secrets;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class UnavailableStoreTests
{
    /// <summary>
    /// A token that was presented before needs no SQL, and recording its usage can wait. Only new tokens must be looked up.
    /// </summary>
    [Fact]
    public async Task Known_tokens_are_allowed_while_the_token_index_does_not_respond()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var wire = new FaultInjectingProxy(postgres.Port);
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await TestServer.StartAsync(
            Mode.Cluster,
            settings => settings with
            {
                AnswerTimeout = TimeSpan.FromMilliseconds(500),
                DatabaseConnection = new Secret(new NpgsqlConnectionStringBuilder(
                    settings.DatabaseConnection!.Reveal())
                { Port = wire.Port }.ConnectionString),
            },
            clock);
        var session = await server.Tokens.SessionForAsync("steady", "user:token,read:all");
        var bearer = TestServer.Bearer(session.Record.Token);
        var child = (await AuthorizeAsync(server, "?delegate_to=tap&delegate_scope=read:all", bearer)).Header("X-Auth-Request-Token")
            .ShouldNotBeNull();
        await server.Core.Usage!.WriteAsync(TestContext.Current.CancellationToken);

        wire.Stall();
        clock.Advance(TimeSpan.FromMinutes(1));
        foreach (var (query, expected) in ((string, int)[])[
            ("?service=one", 200), ("?delegate_to=tap&delegate_scope=read:all", 200), ("?delegate_to=new", 503), ("?scope=read:all", 200)])
        {
            var answer = await AuthorizeAsync(server, query, bearer);
            answer.StatusCode.ShouldBe(expected, query);
            if (query.Contains("=tap", StringComparison.Ordinal))
                answer.Header("X-Auth-Request-Token").ShouldBe(child);
        }

        wire.Resume();
        // Calls that were stalled time out; then the buffered usage events are written.
        List<string?> services = [];
        await RealServers.WaitUntilAsync(
            async () =>
            {
                await server.Core.Usage.WriteAsync(TestContext.Current.CancellationToken);
                var events = await server.GetAsync($"/auth/api/v1/users/steady/tokens/{session.Record.Token.Key}/auth-history", bearer);
                services = [.. events.Json.EnumerateArray().Select(
                    use => use.TryGetProperty("service", out var name) ? name.GetString() : null)];
                services.ShouldContain("one");
            },
            "the usage events");
        // There is one event for the child token in the first minute, and one for each of the two allowed requests in the second minute.
        services.ShouldBe([null, "one", null]);
    }

    /// <summary>A child token that cannot be created in time gives 503. The presented token is not reported as invalid.</summary>
    [Fact]
    public async Task A_slow_token_index_affects_only_requests_that_need_a_child()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var server = await TestServer.StartAsync(
            Mode.Database, settings => settings with { AnswerTimeout = TimeSpan.FromMilliseconds(300) });
        var session = await server.Tokens.SessionForAsync("parent", "user:token,exec:notebook");
        var bearer = TestServer.Bearer(session.Record.Token);
        await using (var transaction = await server.Core.Sql.TokenIndex.BeginAsync(
            TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken))
        {
            await transaction.LockAsync(session.Record.Token.Key, TestContext.Current.CancellationToken);
            var held = await AuthorizeAsync(server, "?notebook=true&scope=user:token", bearer);
            held.StatusCode.ShouldBe(503, held.Body);
            held.Header("X-Error-Status").ShouldBe("503");
            held.Header("X-Auth-Request-User").ShouldBeNull();
            // Meanwhile a request without delegation is allowed.
            (await AuthorizeAsync(server, "?scope=user:token", bearer)).StatusCode.ShouldBe(200);
        }
        await RealServers.WaitUntilAsync(
            async () => (await AuthorizeAsync(server, "?notebook=true&scope=user:token", bearer)).Header("X-Auth-Request-Token")
                .ShouldNotBeNull(), "the child");
    }
}
