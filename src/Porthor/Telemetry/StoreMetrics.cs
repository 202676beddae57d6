using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Porthor.Telemetry;

/// <summary>
/// Measures the calls of the stores and the hit rates of the caches. Operations have the same names as in the log. The names are constants,
/// so the number of labels is limited.
/// </summary>
public sealed class StoreMetrics
{
    private readonly Histogram<double> duration;
    private readonly Counter<long> errors;
    private ImmutableArray<(string Store, Func<long> Calls)> watchedStores = [];
    private ImmutableArray<(string Cache, Func<(long Hits, long Misses)> Lookups)> watchedCaches = [];

    internal StoreMetrics(Meter meter)
    {
        duration = meter.CreateHistogram<double>(
            "porthor.store.duration", "s", "Duration of store calls that returned a result.", advice: HistogramBuckets.ForResponses);
        errors = meter.CreateCounter<long>("porthor.store.errors", "{call}", "Store calls that failed or timed out.");
        meter.CreateObservableGauge("porthor.store.outstanding", ObserveStores, "{call}", "Store calls in progress or waiting.");
        meter.CreateObservableCounter("porthor.cache.lookups", ObserveCaches, "{lookup}", "Cache lookups, by result.");
    }

    /// <summary>Returns the current timestamp for <see cref="Answered"/>; 0 if there is no listener.</summary>
    public long Begin() => duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <summary>Measures the duration of a call that returned a result.</summary>
    /// <param name="store">The name of the store.</param>
    /// <param name="operation">The name of the operation.</param>
    /// <param name="begun">The result of <see cref="Begin"/>.</param>
    public void Answered(string store, string operation, long begun)
    {
        if (begun != 0)
            duration.RecordSafely(Stopwatch.GetElapsedTime(begun).TotalSeconds, new("store", store), new("operation", operation));
    }

    /// <summary>Counts a call that failed or timed out.</summary>
    public void Failed(string store, string operation) => errors.AddSafely(1, new("store", store), new("operation", operation));

    /// <summary>Adds a function that returns the number of a store's calls in progress. It is called for each measurement.</summary>
    public void Watch(string store, Func<long> calls) =>
        ImmutableInterlocked.Update(ref watchedStores, (all, one) => all.Add(one), (store, calls));

    /// <summary>Adds a function that returns a cache's hits and misses since its creation. It is called for each measurement.</summary>
    public void Watch(string cache, Func<(long Hits, long Misses)> lookups) =>
        ImmutableInterlocked.Update(ref watchedCaches, (all, one) => all.Add(one), (cache, lookups));

    private IEnumerable<Measurement<long>> ObserveStores() =>
        watchedStores.GroupBy(
            watched => watched.Store,
            (store, parts) => new Measurement<long>(parts.Sum(part => part.Calls()), Label("store", store)));

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
