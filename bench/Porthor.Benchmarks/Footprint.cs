using System.Globalization;

namespace Porthor.Benchmarks;

/// <summary>What a process took of the machine, others not counted that worked for it.</summary>
/// <param name="PeakMiB">The most memory that it ever had.</param>
internal readonly record struct Footprint(long PeakMiB, double CpuSeconds)
{
    private const double TicksPerSecond = 100;

    /// <summary>Follows a process until something has ended.</summary>
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

    /// <summary>So far; null if it is gone.</summary>
    private static Footprint? Of(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            var stat = File.ReadAllText($"/proc/{process}/stat");
            // After the name, which may hold anything, stands the third field; time of its own and of the system for it are 14 and 15.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return line is null ? null : new Footprint(Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim()) / 1024, (Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
