using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Porthor.Tokens;

namespace Porthor.Benchmarks.Scale;

/// <summary>What a large deployment in cluster mode asks of Porthor, beside the goals for a million tokens.</summary>
/// <param name="parts">Which to measure; all if there are none.</param>
internal sealed class ScaleBenchmarks(TextWriter progress, int count, string? kept, string[] parts)
{
    private const int Starts = 5, Requests = 51;
    private const double MostMiB = 200;

    /// <param name="words">A number of tokens, <c>--data FOLDER</c>, and parts, as far as they are given.</param>
    public static ScaleBenchmarks Of(IReadOnlyList<string> words, TextWriter progress)
    {
        var (count, data, parts) = (1_000_000, (string?)null, new List<string>());
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] == "--data")
                data = words[++i];
            else if (int.TryParse(words[i], CultureInfo.InvariantCulture, out var number))
                count = number / 1000 * 1000;
            else
                parts.Add(words[i]);
        }
        return new ScaleBenchmarks(progress, count, data, [.. parts]);
    }

    public async Task RunAsync(TextWriter output)
    {
        await using var site = await ScaleSite.OpenAsync(count, kept, progress);
        output.WriteLine(
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores shared with wrk and the stores, .NET {Environment.Version}; {count:N0} tokens, "
            + $"{count / 10 * 3:N0} children, {site.Shape.Changes:N0} changes");
        output.WriteLine();
        var report = new ScaleReport(output, progress);
        // In this order, for what comes later changes the data.
        foreach (var (part, measure) in new (string, Func<ScaleSite, ScaleReport, Task>)[]
        {
            ("start", StartAsync), ("pages", PagesAsync), ("audit", AuditAsync), ("revoke", RevokeAsync), ("findings", FindingsAsync), ("maintenance", MaintainAsync),
        })
        {
            if (parts.Length > 0 && !parts.Contains(part))
                continue;
            await progress.WriteLineAsync(part);
            await measure(site, report);
        }
    }

    private static async Task StartAsync(ScaleSite site, ScaleReport report)
    {
        List<double> times = [];
        for (var i = 0; i < Starts; i++)
        {
            await using var node = await site.Program.ServeAsync();
            times.Add(node.ReadyAfter.TotalMilliseconds);
        }
        report.Add("start-up of a node until it is ready", times, goal: 1500);
    }

    private static async Task PagesAsync(ScaleSite site, ScaleReport report)
    {
        var shape = site.Shape;
        // As every deployment does; it counts the changes.
        await site.Program.RunAsync("maintenance");
        await using var node = await site.Program.ServeAsync();
        using var admin = ClientOf(node, shape.AdminToken);
        var family = shape.RecordOf(shape.ParentOfFamily(0));
        var child = shape.TokenOf(shape.ChildrenOfFamily(0).First()).Key;
        foreach (var (what, path) in new[]
        {
            ("tokens of a user", $"users/{ScaleShape.Typical}/tokens"),
            ("tokens of the user with most", $"users/{ScaleShape.ManyTokens}/tokens"),
            ("history of a user, 100 of it", $"users/{ScaleShape.Typical}/token-change-history?limit=100"),
            ("history of the user with most, 100 of it", $"users/{ScaleShape.ManyTokens}/token-change-history?limit=100"),
            ("history of a token", $"users/{family.Username}/tokens/{child}/change-history"),
            ($"history of a token with {shape.FamilySize:N0} children, 100 of it", $"users/{family.Username}/token-change-history?limit=100&key={family.Token.Key}"),
            ("history of all, 100 of it", "history/token-changes?limit=100"),
        })
        {
            var (rows, times) = await TimeAsync(admin, new Uri(node.Url, "/auth/api/v1/" + path));
            report.Add($"{what} ({rows})", times, goal: 20);
        }
    }

    /// <summary>How many rows an answer has, as far as it says, and the times of several such requests after a few.</summary>
    private static async Task<(string Rows, List<double> Milliseconds)> TimeAsync(HttpClient client, Uri url)
    {
        List<double> times = [];
        var rows = "";
        for (var i = -3; i < Requests; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            using var answer = await client.GetAsync(url);
            var body = await answer.Content.ReadAsStringAsync();
            if (i >= 0)
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            answer.EnsureSuccessStatusCode();
            rows = answer.Headers.TryGetValues("X-Total-Count", out var total)
                ? $"of {long.Parse(total.Single(), CultureInfo.InvariantCulture):N0}"
                : $"{System.Text.Json.Nodes.JsonNode.Parse(body)!.AsArray().Count:N0}";
        }
        return (rows, times);
    }

    private static Task AuditAsync(ScaleSite site, ScaleReport report) => AuditAsync(site, report, "audit", "audit");

    private static async Task FindingsAsync(ScaleSite site, ScaleReport report)
    {
        await site.Data.SpoilAsync(site.Shape.Count / 50);
        await AuditAsync(site, report, "audit of spoilt stores", "audit");
        await AuditAsync(site, report, "repair of spoilt stores", "audit", "--fix");
        await AuditAsync(site, report, "audit after it", "audit", "--strict");
    }

    private static async Task AuditAsync(ScaleSite site, ScaleReport report, string what, params string[] command)
    {
        var (seconds, footprint, lines) = await site.Program.RunAsync(command);
        report.Add($"{what}: time, for {lines.Length:N0} findings", $"{seconds:0.0} s, {footprint.CpuSeconds:0} s of its own work", seconds, goal: 60, " s");
        report.Add($"{what}: most memory", $"{footprint.PeakMiB} MiB", footprint.PeakMiB, MostMiB, " MiB");
    }

    private static async Task RevokeAsync(ScaleSite site, ScaleReport report)
    {
        var shape = site.Shape;
        await using var node = await site.Program.ServeAsync();
        // One that has been at work, as those are that somebody revokes at.
        using (var admin = ClientOf(node, shape.AdminToken))
        {
            foreach (var user in (string[])[ScaleShape.ManyTokens, ScaleShape.Typical])
                await TimeAsync(admin, new Uri(node.Url, $"/auth/api/v1/users/{user}/tokens"));
        }
        List<double> ended = [], acknowledged = [];
        for (var family = 0; family < ScaleShape.Families; family++)
        {
            var parent = shape.ParentOfFamily(family);
            int[] children = [.. shape.ChildrenOfFamily(family).OrderBy(i => ScaleShape.KeyOf(i).Value, StringComparer.Ordinal)];
            var cascade = await Cascade.RevokeAsync(node.Url, shape.RecordOf(parent), [shape.TokenOf(parent), shape.TokenOf(children[0]), shape.TokenOf(children[^1])]);
            ended.Add(cascade.AccessEnded.TotalMilliseconds);
            acknowledged.Add(cascade.Acknowledged.TotalMilliseconds);
        }
        report.Add($"revoking a token with {shape.FamilySize:N0} children: until none is accepted", ended, goal: 200);
        report.Add($"revoking a token with {shape.FamilySize:N0} children: until it is acknowledged", acknowledged, goal: 2000);
    }

    /// <summary>Maintenance beside a node that is asked all the while, as often as it can answer.</summary>
    private async Task MaintainAsync(ScaleSite site, ScaleReport report)
    {
        await progress.WriteLineAsync("letting time pass");
        var due = await site.Data.LetTimePassAsync();
        await using var node = await site.Program.ServeAsync();
        var token = site.Shape.TokenOf(Enumerable.Range(0, count).First(i => i > 0 && !site.Shape.IsDue(i)));
        var question = new Question(
            new Uri(node.Url, "/ingress/auth?scope=read:all&service=portal"), [.. FloorServer.ProxyHeaders, ("Authorization", $"Bearer {token.Reveal()}")]);
        var slice = TimeSpan.FromSeconds(5);
        List<Load> idle = [], busy = [];
        for (var i = 0; i < 5; i++)
            idle.Add(await Wrk.RunAsync(question, slice));
        var maintenance = site.Program.RunAsync("maintenance");
        while (!maintenance.IsCompleted)
            busy.Add(await Wrk.RunAsync(question, slice));
        var (seconds, footprint, lines) = await maintenance;
        for (var i = 0; i < 3; i++)
            idle.Add(await Wrk.RunAsync(question, slice));
        await progress.WriteLineAsync(lines.LastOrDefault());
        await progress.WriteLineAsync($"p99 in ms: idle {P99s(idle)}; busy {P99s(busy)}");

        // The last slice outlasts the maintenance.
        if (busy.Count > 1)
            busy.RemoveAt(busy.Count - 1);
        var (before, during) = (Load.MedianOf(idle), Load.MedianOf(busy));
        report.Add($"maintenance, {due:N0} tokens expired", $"{seconds:0} s, {footprint.CpuSeconds:0} s of its own work", seconds, goal: null, "");
        report.Add("maintenance: most memory", $"{footprint.PeakMiB} MiB", footprint.PeakMiB, MostMiB, " MiB");
        report.Add("`/ingress/auth` idle", $"{before.RequestsPerSecond:0}/s, p99 {before.P99 / 1000:0.0} ms", 0, goal: null, "");
        report.Add(
            "`/ingress/auth` during maintenance", $"{during.RequestsPerSecond:0}/s, p99 {during.P99 / 1000:0.0} ms, {busy.Max(load => load.P99) / 1000:0.0} ms in the worst 5 s", 0, goal: null, "");
        report.Add("p99 during of p99 idle", $"{during.P99 / before.P99:0.00}", during.P99 / before.P99, goal: 2, "");
    }

    private static string P99s(IEnumerable<Load> loads) => string.Join(' ', loads.Select(load => $"{load.P99 / 1000:0.0}"));

    private static HttpClient ClientOf(ScaleNode node, Token token)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { BaseAddress = node.Url, DefaultRequestVersion = HttpVersion.Version11 };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        return client;
    }
}
