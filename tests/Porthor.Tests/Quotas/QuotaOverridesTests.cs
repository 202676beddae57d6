using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Quotas;
using Porthor.Storage;

namespace Porthor.Tests.Quotas;

/// <summary>What is read of the overrides by those who may have it a second old.</summary>
public sealed class QuotaOverridesTests
{
    private static readonly QuotaPlan Plan = new() { Default = new Quota { Api = new Dictionary<string, long> { ["test"] = 5 } } };

    [Fact]
    public async Task What_is_set_here_counts_from_now_on_and_what_is_set_elsewhere_within_a_second()
    {
        var (clock, store) = (new InterruptingClock(), new MemoryStore());
        var (here, elsewhere) = (On(store, clock), On(store, clock));
        (await here.GetRecentAsync()).ShouldBeNull();
        await elsewhere.SetAsync(Plan);
        (await here.GetRecentAsync()).ShouldBeNull();
        here.TryGetRecent(out var remembered).ShouldBeTrue();
        remembered.ShouldBeNull();
        clock.Ticks += InterruptingClock.Second;
        here.TryGetRecent(out _).ShouldBeFalse();
        (await here.GetRecentAsync())!.Default.Api["test"].ShouldBe(5);
        (await here.DeleteAsync()).ShouldBeTrue();
        (await here.GetRecentAsync()).ShouldBeNull();
        store.Reads.ShouldBeLessThan(6);
    }

    [Fact]
    public async Task What_could_not_be_read_is_read_again()
    {
        var (clock, store) = (new InterruptingClock(), new MemoryStore { IsAway = true });
        var overrides = On(store, clock);
        // By another node: what is set on this one replaces what it has read.
        await On(store, clock).SetAsync(Plan);
        await Should.ThrowAsync<StoreUnavailableException>(() => overrides.GetRecentAsync().AsTask());
        store.IsAway = false;
        (await overrides.GetRecentAsync())!.Default.Api["test"].ShouldBe(5);
    }

    [Fact]
    public async Task Overrides_that_cannot_be_read_are_deleted()
    {
        var store = new MemoryStore();
        await store.SetOverridesAsync("not JSON"u8.ToArray(), TestContext.Current.CancellationToken);
        var overrides = On(store, new InterruptingClock());
        (await overrides.GetRecentAsync()).ShouldBeNull();
        (await overrides.DeleteAsync()).ShouldBeTrue();
        (await overrides.DeleteAsync()).ShouldBeFalse();
    }

    /// <summary>An administrator sets overrides at the very moment in which a request finds that it has to read them anew.</summary>
    [Fact]
    public async Task A_change_at_the_moment_of_reading_harms_no_request()
    {
        var (clock, store) = (new InterruptingClock(), new MemoryStore());
        var overrides = On(store, clock);
        for (var moment = 1; moment <= 3; moment++)
        {
            await overrides.GetRecentAsync();
            clock.Ticks += InterruptingClock.Second;
            clock.InterruptAt(moment, () => overrides.SetAsync(Plan).GetAwaiter().GetResult());
            (await overrides.GetRecentAsync())!.Default.Api["test"].ShouldBe(5);
        }
    }

    private static QuotaOverrides On(MemoryStore store, TimeProvider clock) => new(store, clock, NullLogger<QuotaOverrides>.Instance);

    /// <summary>A clock in whose reading something else happens, as on another thread.</summary>
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

        public bool IsAway { get; set; }

        public int Reads { get; private set; }

        public Task<byte[]?> GetOverridesAsync(CancellationToken cancellationToken)
        {
            Reads++;
            return IsAway ? throw new StoreUnavailableException("token record store", "reading quota overrides") : Task.FromResult(json);
        }

        public Task SetOverridesAsync(byte[] json, CancellationToken cancellationToken)
        {
            this.json = json;
            return Task.CompletedTask;
        }

        public Task<bool> DeleteOverridesAsync(CancellationToken cancellationToken)
        {
            var had = json is not null;
            json = null;
            return Task.FromResult(had);
        }
    }
}
