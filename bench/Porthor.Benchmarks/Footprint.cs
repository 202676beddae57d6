using System.Globalization;

namespace Porthor.Benchmarks;

/// <summary>The memory and CPU time of a process, without other processes that work for it.</summary>
/// <param name="PeakMiB">The maximum resident memory.</param>
internal readonly record struct Footprint(long PeakMiB, double CpuSeconds)
{
    private const double TicksPerSecond = 100;

    /// <summary>Measures a process until a task is completed.</summary>
    public static async Task<Footprint> UntilAsync(Task ended, int process)
    {
        var footprint = default(Footprint);
        while (!ended.IsCompleted)
        {
            footprint = Of(process) ?? footprint;
            await Task.WhenAny(ended, Task.Delay(50));
        }
        return footprint;
    }

    /// <summary>Returns the current values; null if the process has exited.</summary>
    private static Footprint? Of(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(
                line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            var stat = File.ReadAllText($"/proc/{process}/stat");
            // The name can contain any character. The third field follows it; fields 14 and 15 are the user and system CPU time.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return line is null ? null : new Footprint(
                Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim()) / 1024,
                (Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
