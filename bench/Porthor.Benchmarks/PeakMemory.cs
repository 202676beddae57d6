using System.Globalization;

namespace Porthor.Benchmarks;

/// <summary>The most memory that a process ever had.</summary>
internal static class PeakMemory
{
    /// <summary>Follows a process until something has ended, and gives its peak in MiB.</summary>
    public static async Task<long> UntilAsync(Task ended, int process)
    {
        long peak = 0;
        while (!ended.IsCompleted)
        {
            peak = Math.Max(peak, KiBOf(process));
            await Task.WhenAny(ended, Task.Delay(50));
        }
        return peak / 1024;
    }

    /// <summary>So far, in KiB; 0 if it is gone.</summary>
    private static long KiBOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
