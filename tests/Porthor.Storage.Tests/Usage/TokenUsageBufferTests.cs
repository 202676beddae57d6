using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Porthor.History;
using Porthor.Server.Hosting;
using Porthor.Telemetry;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Usage;
using Porthor.Values;

namespace Porthor.Storage.Tests.Usage;

/// <summary>Usage events are buffered in memory with a limit (deviations 19).</summary>
public sealed partial class TokenUsageBufferTests
{
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryMode]
    public async Task A_full_buffer_drops_and_counts_events(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync(clock);
        using var metrics = new PorthorMetrics();
        var dropped = CountDropped(metrics, out var listener);
        using var _ = listener;
        using var recorder = new TokenUsageBuffer(
            node.Sql.UsageHistory, metrics, clock, NullLogger<TokenUsageBuffer>.Instance, capacity: 3);
        var token = Record("busy");

        // More events in one minute than the capacity: the newest are dropped.
        foreach (var service in (string[])["a", "b", "c", "d"])
            recorder.Record(token, service, IPAddress.Loopback);
        dropped().ShouldBe(1);
        // One minute later, still without a write: the oldest are dropped.
        clock.Advance(TimeSpan.FromMinutes(1));
        recorder.Record(token, "e", IPAddress.Loopback);
        recorder.Record(token, "e", IPAddress.Loopback);
        dropped().ShouldBe(2);

        await recorder.WriteAsync(Cancellation);
        (await ServicesAsync(node, token)).ShouldBe(["e", "c", "b"]);
    }

    /// <summary>One usage event that the database rejects must not prevent the others.</summary>
    [Theory, EveryMode]
    public async Task Only_the_event_that_cannot_be_stored_is_dropped(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync(clock);
        using var recorder = new TokenUsageBuffer(node.Sql.UsageHistory, node.Metrics, clock, NullLogger<TokenUsageBuffer>.Instance);
        var token = Record("odd-service");
        foreach (var service in (string[])["a", "half \ud800", "b\0", "c"])
            recorder.Record(token, service, IPAddress.Parse("fe80::1%3"));
        await recorder.WriteAsync(Cancellation);
        var services = await ServicesAsync(node, token);
        services.ShouldContain("a");
        services.ShouldContain("c");
        if (mode != Mode.Embedded)
            services.Count.ShouldBe(2);
    }

    [Theory, EveryMode]
    public async Task Two_nodes_and_a_repeated_batch_store_one_event_per_minute(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync(clock);
        var token = Record("traveller");
        for (var i = 0; i < 2; i++)
        {
            using var recorder = new TokenUsageBuffer(node.Sql.UsageHistory, node.Metrics, clock, NullLogger<TokenUsageBuffer>.Instance);
            foreach (var address in (string[])["192.0.2.1", "2001:db8::1"])
                recorder.Record(token, service: null, IPAddress.Parse(address));
            recorder.Record(token, service: null, address: null);
            recorder.Record(token, "tap", IPAddress.Parse("192.0.2.1"));
            await recorder.WriteAsync(Cancellation);
        }
        (await ServicesAsync(node, token)).ShouldBe(["tap", null, null, null]);
    }

    private TokenRecord Record(string username) => new()
    {
        Token = Token.Create(),
        Username = username,
        TokenType = TokenType.Session,
        Scopes = ScopeSet.Of("read:all"),
        Created = clock.GetUtcNow(),
    };

    private static async Task<List<string?>> ServicesAsync(PorthorDeployment node, TokenRecord token)
    {
        var events = await node.Sql.UsageHistory.ReadAsync(
            new UsageFilter(token.Username, token.Token.Key), cursor: null, limit: 100, Cancellation);
        return [.. events.Select(use => use.Service)];
    }

    private static Func<long> CountDropped(PorthorMetrics metrics, out MeterListener listener)
    {
        long count = 0;
        listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "porthor.uses.dropped" && metrics.Owns(instrument))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, added, _, _) => Interlocked.Add(ref count, added));
        listener.Start();
        return () => Interlocked.Read(ref count);
    }
}
