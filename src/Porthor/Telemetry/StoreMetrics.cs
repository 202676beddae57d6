using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>
/// How the stores answer, and what need not be asked of them. Operations are named as in the log: texts of the code, so that they
/// are few.
/// </summary>
public sealed class StoreMetrics
{
    private readonly Histogram<double> duration;
    private readonly Counter<long> errors;
    private ImmutableArray<(string Store, Func<long> Calls)> watchedStores = [];
    private ImmutableArray<(string Cache, Func<(long Hits, long Misses)> Lookups)> watchedCaches = [];

    internal StoreMetrics(Meter meter)
    {
        duration = meter.CreateHistogram<double>("porthor.store.duration", "s", "How long calls of stores took that were answered.", advice: HistogramBuckets.ForResponses);
        errors = meter.CreateCounter<long>("porthor.store.errors", "{call}", "Calls of stores that failed, or were not answered in time.");
        meter.CreateObservableGauge("porthor.store.outstanding", ObserveStores, "{call}", "Calls of stores that wait for their answer or their turn.");
        meter.CreateObservableCounter("porthor.cache.lookups", ObserveCaches, "{lookup}", "Looks into memory, by what was found there.");
    }

    /// <summary>When a call began, to be handed to <see cref="Answered"/>; 0 if nobody listens.</summary>
    public long Begin() => duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    public void Answered(string store, string operation, long begun)
    {
        if (begun != 0)
            duration.RecordSafely(Stopwatch.GetElapsedTime(begun).TotalSeconds, new("store", store), new("operation", operation));
    }

    public void Failed(string store, string operation) => errors.AddSafely(1, new("store", store), new("operation", operation));

    /// <summary>From now on, asks for the number of a store's calls under way whenever somebody wants to know.</summary>
    public void Watch(string store, Func<long> calls) => ImmutableInterlocked.Update(ref watchedStores, (all, one) => all.Add(one), (store, calls));

    /// <summary>As the other, for a cache's hits and misses since it began.</summary>
    public void Watch(string cache, Func<(long Hits, long Misses)> lookups) =>
        ImmutableInterlocked.Update(ref watchedCaches, (all, one) => all.Add(one), (cache, lookups));

    private IEnumerable<Measurement<long>> ObserveStores() =>
        watchedStores.GroupBy(watched => watched.Store, (store, parts) => new Measurement<long>(parts.Sum(part => part.Calls()), Label("store", store)));

    private IEnumerable<Measurement<long>> ObserveCaches()
    {
        foreach (var (cache, lookups) in watchedCaches)
        {
            var (hits, misses) = lookups();
            yield return new Measurement<long>(hits, Label("cache", cache), Label("result", "hit"));
            yield return new Measurement<long>(misses, Label("cache", cache), Label("result", "miss"));
        }
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
