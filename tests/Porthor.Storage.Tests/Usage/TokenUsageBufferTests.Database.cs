using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Testing;
using Porthor.Usage;

namespace Porthor.Storage.Tests.Usage;

public sealed partial class TokenUsageBufferTests
{
    /// <summary>An unavailable database fails no request and loses no usage event.</summary>
    [Fact]
    public async Task Events_are_written_when_the_database_is_available_again()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        var node = await deployment.OpenNodeAsync(clock);
        using var logs = new CapturedLogs();
        using var recorder = new TokenUsageBuffer(node.Sql.UsageHistory, node.Metrics, clock, new Logger<TokenUsageBuffer>(logs));
        var token = Record("patient");
        var postgres = await RealServers.Instance.PostgresAsync();

        recorder.Record(token, "tap", IPAddress.Loopback);
        await postgres.ExecuteAsync(deployment.DatabaseName!, "ALTER TABLE token_auth_history RENAME TO hidden");
        await recorder.WriteAsync(Cancellation);
        logs.Lines.ShouldContain(line => line.Message.StartsWith("Cannot record token usage", StringComparison.Ordinal));

        await postgres.ExecuteAsync(deployment.DatabaseName!, "ALTER TABLE hidden RENAME TO token_auth_history");
        await recorder.WriteAsync(Cancellation);
        (await ServicesAsync(node, token)).ShouldBe(["tap"]);
    }

    /// <summary>The write does not wait for a concurrent change of the token.</summary>
    [Fact]
    public async Task A_locked_token_does_not_delay_the_others()
    {
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        var node = await deployment.OpenNodeAsync(clock);
        var (locked, free) = (await node.Tokens.SessionForAsync("locked"), await node.Tokens.SessionForAsync("free"));
        using var recorder = new TokenUsageBuffer(node.Sql.UsageHistory, node.Metrics, clock, NullLogger<TokenUsageBuffer>.Instance);
        recorder.Record(locked.Record, service: null, IPAddress.Loopback);
        recorder.Record(free.Record, service: null, IPAddress.Loopback);
        await using (var transaction = await node.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(5), Cancellation))
        {
            await transaction.LockAsync(locked.Record.Token.Key, Cancellation);
            await recorder.WriteAsync(Cancellation);
        }
        (await node.Sql.TokenIndex.GetAsync(free.Record.Token.Key, Cancellation))!.LastUsed.ShouldBe(clock.GetUtcNow());
        (await node.Sql.TokenIndex.GetAsync(locked.Record.Token.Key, Cancellation))!.LastUsed.ShouldBeNull();
        (await ServicesAsync(node, locked.Record)).Count.ShouldBe(1);
    }
}
