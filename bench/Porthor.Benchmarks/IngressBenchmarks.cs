using Porthor.Testing;

namespace Porthor.Benchmarks;

/// <summary>A row of the table.</summary>
/// <param name="Goal">The row to compare with, and the minimum ratio; null if there is no goal.</param>
internal sealed record IngressRow(string Mode, string What, WrkRequest Request, (string Floor, double Ratio)? Goal = null)
{
    public string Name => $"{Mode} {What}";

    public List<Load> Loads { get; } = [];
}

/// <summary>
/// Measures forward authentication with wrk, compared with Kestrel alone and Kestrel with one read. The rows are measured in turns, so that
/// other load of the machine affects all rows equally.
/// </summary>
/// <param name="words">Measures only rows whose names contain all these words, and the rows to compare them with.</param>
internal sealed class IngressBenchmarks(TextWriter progress, TimeSpan duration, int turns, string[] words)
{
    private const string Bare = "Kestrel", WithGet = "Kestrel and GET", WithRow = "Kestrel and row";
    private const int MostBytes = 4096;

    private readonly List<IngressRow> rows = [];

    public async Task RunAsync(TextWriter output)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var bare = await FloorServer.BareAsync();
        await using var withGet = await FloorServer.RedisAsync(await RealServers.Instance.RedisAsync());
        await using var withRow = await FloorServer.PostgresAsync(postgres.ConnectionString(await postgres.CreateDatabaseAsync()));
        rows.Add(new IngressRow("-", Bare, FloorServer.Ask(bare)));
        rows.Add(new IngressRow("-", WithGet, FloorServer.Ask(withGet)));
        await using var cluster = await IngressServer.StartAsync(Mode.Cluster);
        AddRows("Cluster", cluster, plain: ($"- {WithGet}", 0.8), delegated: ($"- {WithGet}", 0.7));
        await using var embedded = await IngressServer.StartAsync(Mode.Embedded);
        AddRows("Embedded", embedded, plain: ("Cluster plain", 0.8), delegated: ("Cluster delegated", 0.8));
        rows.Add(new IngressRow("-", WithRow, FloorServer.Ask(withRow)));
        await using var database = await IngressServer.StartAsync(Mode.Database);
        AddRows("Database", database, plain: ($"- {WithRow}", 0.85), delegated: null);

        Select();
        foreach (var row in rows)
            _ = await Wrk.RunAsync(row.Request, TimeSpan.FromSeconds(2));
        for (var turn = 1; turn <= turns; turn++)
        {
            await progress.WriteLineAsync($"turn {turn} of {turns}");
            foreach (var row in rows)
                row.Loads.Add(await Wrk.RunAsync(row.Request, duration));
        }
        Print(output);
    }

    private void AddRows(string mode, IngressServer server, (string, double)? plain, (string, double)? delegated)
    {
        (string, double) asPlain = ($"{mode} plain", 1);
        void Add(string what, WrkRequest request, (string, double)? goal = null) => rows.Add(new IngressRow(mode, what, request, goal));
        Add("plain", server.Ask("&service=portal", server.Bearer), plain);
        Add("delegated", server.Ask("&service=portal&delegate_to=portal&delegate_scope=read:all", server.Bearer), delegated);
        Add("notebook", server.Ask("&service=nublado&notebook=true", server.Bearer));
        Add("rate-limited", server.Ask("&service=limited", server.Bearer));
        Add("cookie", server.Ask("&service=portal", server.Cookie));
        Add("denied: unknown token", server.Ask("&service=portal", server.Unknown, isRefused: true), asPlain);
        Add("denied: no credentials", server.Ask("&service=portal", ("X-Nothing", "presented"), isRefused: true), asPlain);
        Add("denied: rate limit", server.Ask("&service=exceeded", server.Bearer, isRefused: true));
        Add("denied: scope", server.Ask("&service=portal&scope=exec:admin", server.Bearer, isRefused: true), asPlain);
    }

    private void Select()
    {
        var wanted = rows.Where(row => words.All(word => row.Name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .Select(row => row.Name).ToHashSet();
        var floors = rows.Where(row => wanted.Contains(row.Name) && row.Goal is not null).Select(row => row.Goal!.Value.Floor).ToHashSet();
        rows.RemoveAll(
            row => !wanted.Contains(row.Name) && !floors.Contains(row.Name) && row.Name is not $"- {Bare}" and not $"- {WithGet}");
    }

    private void Print(TextWriter output)
    {
        output.WriteLine(
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores shared with wrk and the stores, .NET {Environment.Version}; "
            + $"32 connections, medians of {turns} turns of {duration.TotalSeconds:0} s");
        output.WriteLine();
        output.WriteLine(
            "| mode | request | requests/s | p50 us | p99 us | CPU us | bytes allocated | of Kestrel | of Kestrel and GET | p99 of its p99 "
            + "| goal |");
        output.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (var row in rows)
        {
            var load = Load.MedianOf(row.Loads);
            output.WriteLine(
                $"| {row.Mode} | {row.What} | {load.RequestsPerSecond:0} | {load.P50:0} | {load.P99:0} | {load.CpuMicroseconds:0.0} | "
                + $"{load.Bytes:0} "
                + $"| {Ratio(row, $"- {Bare}", load => load.RequestsPerSecond):0.00} | "
                + $"{Ratio(row, $"- {WithGet}", load => load.RequestsPerSecond):0.00} "
                + $"| {Ratio(row, $"- {WithGet}", load => load.P99):0.00} | {string.Join("; ", Goals(row, load))} |");
        }
    }

    private IEnumerable<string> Goals(IngressRow row, Load load)
    {
        if (row.Goal is { } goal)
        {
            var reached = Ratio(row, goal.Floor, load => load.RequestsPerSecond);
            yield return $"{reached:0.00} x {goal.Floor.TrimStart('-', ' ')}, goal >= "
                + $"{goal.Ratio:0.##}{(reached >= goal.Ratio ? "" : " MISSED")}";
        }
        if (row is not { Mode: "Cluster", What: "plain" or "delegated" or "rate-limited" })
            yield break;
        if (row.What is not "rate-limited" && Ratio(row, $"- {WithGet}", load => load.P99) is > 2 and var p99)
            yield return $"p99 {p99:0.00}, goal <= 2 MISSED";
        if (row.What is not "delegated" && load.Bytes > MostBytes)
            yield return $"{load.Bytes:0} bytes, goal <= {MostBytes} MISSED";
    }

    /// <summary>Returns the median of the ratios of all turns.</summary>
    private double Ratio(IngressRow row, string floor, Func<Load, double> value) =>
        row.Loads.Zip(rows.First(other => other.Name == floor).Loads, (mine, other) => value(mine) / value(other))
            .Order().ElementAt(turns / 2);
}
