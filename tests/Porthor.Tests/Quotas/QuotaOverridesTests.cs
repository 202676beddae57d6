using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Quotas;
using Porthor.Storage;

namespace Porthor.Tests.Quotas;

/// <summary>Reads of quota overrides that may be up to one second old.</summary>
public sealed class QuotaOverridesTests
{
    private static readonly QuotaPlan Plan = new() { Default = new Quota { Api = new Dictionary<string, long> { ["test"] = 5 } } };

    [Fact]
    public async Task A_change_on_this_node_applies_at_once_and_one_on_another_node_within_a_second()
    {
        var (clock, store) = (new InterruptingClock(), new MemoryStore());
        var (thisNode, otherNode) = (CreateOn(store, clock), CreateOn(store, clock));
        (await thisNode.GetRecentAsync()).ShouldBeNull();
        await otherNode.SetAsync(Plan);
        (await thisNode.GetRecentAsync()).ShouldBeNull();
        thisNode.TryGetRecent(out var cached).ShouldBeTrue();
        cached.ShouldBeNull();
        clock.Ticks += InterruptingClock.Second;
        thisNode.TryGetRecent(out _).ShouldBeFalse();
        (await thisNode.GetRecentAsync())!.Default.Api["test"].ShouldBe(5);
        (await thisNode.DeleteAsync()).ShouldBeTrue();
        (await thisNode.GetRecentAsync()).ShouldBeNull();
        store.Reads.ShouldBeLessThan(6);
    }

    [Fact]
    public async Task A_failed_read_is_retried()
    {
        var (clock, store) = (new InterruptingClock(), new MemoryStore { IsUnavailable = true });
        var overrides = CreateOn(store, clock);
        // Another node sets them, because a change on this node updates its own cache.
        await CreateOn(store, clock).SetAsync(Plan);
        await Should.ThrowAsync<StoreUnavailableException>(() => overrides.GetRecentAsync().AsTask());
        store.IsUnavailable = false;
        (await overrides.GetRecentAsync())!.Default.Api["test"].ShouldBe(5);
    }

    [Fact]
    public async Task Unreadable_overrides_can_be_deleted()
    {
        var store = new MemoryStore();
        await store.SetOverridesAsync("not JSON"u8.ToArray(), TestContext.Current.CancellationToken);
        var overrides = CreateOn(store, new InterruptingClock());
        (await overrides.GetRecentAsync()).ShouldBeNull();
        (await overrides.DeleteAsync()).ShouldBeTrue();
        (await overrides.DeleteAsync()).ShouldBeFalse();
    }

    /// <summary>An administrator sets overrides while a request reads them because its copy is too old.</summary>
    [Fact]
    public async Task A_change_during_a_read_does_not_fail_the_request()
    {
        var (clock, store) = (new InterruptingClock(), new MemoryStore());
        var overrides = CreateOn(store, clock);
        for (var reading = 1; reading <= 3; reading++)
        {
            await overrides.GetRecentAsync();
            clock.Ticks += InterruptingClock.Second;
            clock.InterruptAt(reading, () => overrides.SetAsync(Plan).GetAwaiter().GetResult());
            (await overrides.GetRecentAsync())!.Default.Api["test"].ShouldBe(5);
        }
    }

    private static QuotaOverrides CreateOn(MemoryStore store, TimeProvider clock) => new(store, clock, NullLogger<QuotaOverrides>.Instance);

    /// <summary>A clock that runs an action when it is read, to simulate another thread.</summary>
    private sealed class InterruptingClock : TimeProvider
    {
        public const long Second = TimeSpan.TicksPerSecond;

        private Action? interruption;
        private int readings;

        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void InterruptAt(int reading, Action work) => (readings, interruption) = (reading, work);

        public override long GetTimestamp()
        {
            if (interruption is { } work && --readings == 0)
            {
                interruption = null;
                work();
            }
            return Ticks;
        }
    }

    private sealed class MemoryStore : IQuotaOverrideStore
    {
        private byte[]? json;

        public bool IsUnavailable { get; set; }

        public int Reads { get; private set; }

        public Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken)
        {
            Reads++;
            return IsUnavailable ? throw new StoreUnavailableException("token record store", "reading quota overrides")
                : Task.FromResult(json);
        }

        public Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken)
        {
            this.json = json;
            return Task.CompletedTask;
        }

        public Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken)
        {
            var existed = json is not null;
            json = null;
            return Task.FromResult(existed);
        }
    }
}
