using Porthor.Benchmarks;
using Porthor.Benchmarks.Scale;
using Porthor.Testing;

if (args is ["ingress", ..])
{
    var turns = args is [_, var number, ..] ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : 3;
    await new IngressBenchmarks(
        Console.Error, TimeSpan.FromSeconds(2), turns, args is [_, _, .. var words] ? words : []).RunAsync(Console.Out);
    await RealServers.Instance.DisposeAsync();
    return 0;
}
if (args is ["usage", ..])
{
    await new UsageBenchmarks(Console.Error, TimeSpan.FromSeconds(3), pairs: 5).RunAsync(Console.Out);
    await RealServers.Instance.DisposeAsync();
    return 0;
}

if (args is ["public", ..])
    return await new PublicBenchmarks(Console.Error, TimeSpan.FromSeconds(5)).RunAsync(Console.Out) ? 0 : 1;

if (args is ["large", ..])
{
    var count = args is [_, var tokens] ? int.Parse(tokens, System.Globalization.CultureInfo.InvariantCulture) : 1_000_000;
    await new LargeBenchmarks(Console.Error, count).RunAsync(Console.Out);
    await RealServers.Instance.DisposeAsync();
    return 0;
}

if (args is ["scale", ..])
{
    RealServers.Durable = true;
    await ScaleBenchmarks.Of(args[1..], Console.Error).RunAsync(Console.Out);
    return 0;
}

// Prints one table: the cost of each operation in each mode, as a ratio to its floor in the same run.
RealServers.Durable = true;
List<Result> results = [];
List<(string What, double Milliseconds)> counts = [];
foreach (var mode in Enum.GetValues<Mode>())
{
    if (Prerequisites.SkipReason(mode) is { } why)
    {
        Console.Error.WriteLine($"{mode}: {why}");
        continue;
    }
    Console.Error.WriteLine($"{mode}: measuring");
    var (more, moreCounts) = await new TokenBenchmarks(mode).RunAsync();
    results.AddRange(more);
    counts.AddRange(moreCounts);
}
await RealServers.Instance.DisposeAsync();

Console.WriteLine(
    $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, .NET {Environment.Version}; medians of 31 turns, one caller");
Console.WriteLine();
Console.WriteLine("| mode | operation | us | floor us | ratio | goal | bytes allocated |");
Console.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
foreach (var r in results)
{
    var goal = r.Goal is { } g ? $"<= {g:0.##}{(r.Ratio <= g ? "" : " MISSED")}" : "";
    Console.WriteLine(
        $"| {r.Mode} | {r.What} | {r.Microseconds:0.0} | {r.FloorMicroseconds:0.0} | {r.Ratio:0.00} | {goal} | {r.Bytes:0} |");
}
Console.WriteLine();
Console.WriteLine("| count, measured separately | ms | goal |");
Console.WriteLine("| --- | ---: | ---: |");
foreach (var (what, milliseconds) in counts)
    Console.WriteLine($"| {what} | {milliseconds:0.0} | <= 200{(milliseconds <= 200 ? "" : " MISSED")} |");
return 0;
