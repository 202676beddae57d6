using System.Diagnostics;

namespace Porthor.Benchmarks;

/// <summary>The cost of one operation and of its floor.</summary>
/// <param name="Goal">The maximum ratio; null if there is no goal.</param>
internal sealed record Result(string Mode, string What, double Microseconds, double FloorMicroseconds, double? Goal, double Bytes)
{
    public double Ratio => Microseconds / FloorMicroseconds;
}

/// <summary>
/// Measures an operation and its floor in short turns, so that other load of the machine affects both equally, and returns the medians of
/// the turns.
/// </summary>
internal static class Measurement
{
    private const int Turns = 31;

    /// <param name="perTurn">The number of repetitions in a turn.</param>
    public static async Task<Result> CompareAsync(
        string mode, string what, double? goal, int perTurn, Func<Task> operation, Func<Task> floor)
    {
        // Compiles code, fills caches and opens connections before the measurement.
        await RepeatAsync(operation, perTurn * 3);
        await RepeatAsync(floor, perTurn * 3);
        List<double> operations = [], floors = [], bytes = [];
        for (var turn = 0; turn < Turns; turn++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            operations.Add(await RepeatAsync(operation, perTurn));
            bytes.Add((GC.GetTotalAllocatedBytes(precise: true) - before) / (double)perTurn);
            floors.Add(await RepeatAsync(floor, perTurn));
        }
        return new Result(mode, what, Median(operations), Median(floors), goal, Median(bytes));
    }

    /// <summary>Returns the median duration of several runs in microseconds, for operations without a floor.</summary>
    public static async Task<double> TimeAsync(Func<Task> operation, int runs)
    {
        List<double> times = [];
        for (var run = 0; run < runs; run++)
            times.Add(await RepeatAsync(operation, 1));
        return Median(times);
    }

    private static async Task<double> RepeatAsync(Func<Task> work, int count)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
            await work();
        return Stopwatch.GetElapsedTime(begun).TotalMicroseconds / count;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
