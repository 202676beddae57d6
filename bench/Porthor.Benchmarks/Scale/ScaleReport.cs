namespace Porthor.Benchmarks.Scale;

/// <summary>A table of measurements with their goals.</summary>
internal sealed class ScaleReport(TextWriter output, TextWriter progress)
{
    private bool begun;

    /// <param name="goal">Null if there is no goal.</param>
    public void Add(string what, string figure, double value, double? goal, string unit)
    {
        if (!begun)
        {
            output.WriteLine("| what | figure | goal |");
            output.WriteLine("| --- | --- | --- |");
        }
        begun = true;
        var verdict = goal is { } most ? $"<= {most:0.#}{unit} {(value <= most ? "met" : "MISSED")}" : "";
        output.WriteLine($"| {what} | {figure} | {verdict} |");
        progress.WriteLine($"{what}: {figure} {verdict}");
    }

    /// <summary>Adds durations in milliseconds. The goal applies to the median.</summary>
    public void Add(string what, IReadOnlyCollection<double> milliseconds, double goal)
    {
        var median = Median(milliseconds);
        Add(what, $"{median:0.0} ms, at most {milliseconds.Max():0.0} ms of {milliseconds.Count}", median, goal, " ms");
    }

    public static double Median(IReadOnlyCollection<double> values) => values.Order().ElementAt(values.Count / 2);
}
