using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Porthor.Tokens;

namespace Porthor.Benchmarks.Scale;

/// <summary>Measures a large deployment in cluster mode and compares it with the goals for a million tokens.</summary>
/// <param name="parts">The parts to measure; all if empty.</param>
internal sealed class ScaleBenchmarks(TextWriter progress, int count, string? kept, string[] parts)
{
    private const int Starts = 5, Requests = 51;
    private const double MostMiB = 200;

    /// <param name="words">The number of tokens, <c>--data FOLDER</c>, and parts. All are optional.</param>
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
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores shared with wrk and the stores, .NET {Environment.Version}; "
            + $"{count:N0} tokens, "
            + $"{count / 10 * 3:N0} children, {site.Shape.Changes:N0} changes");
        output.WriteLine();
        var report = new ScaleReport(output, progress);
        // The order matters: later parts change the data.
        foreach (var (part, measure) in new (string, Func<ScaleSite, ScaleReport, Task>)[]
        {
            ("start", StartAsync), ("pages", PagesAsync), ("audit", AuditAsync), ("revoke", RevokeAsync), ("findings", FindingsAsync),
            ("maintenance", MaintainAsync),
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
        // As in every deployment: maintenance counts the changes.
        await site.Program.RunAsync("maintenance");
        await using var node = await site.Program.ServeAsync();
        using var admin = ClientOf(node, shape.AdminToken);
        var family = shape.RecordOf(shape.ParentOfFamily(0));
        var child = shape.TokenOf(shape.ChildrenOfFamily(0).First()).Key;
        foreach (var (what, path) in new[]
        {
            ("tokens of a user", $"users/{ScaleShape.Typical}/tokens"),
            ("tokens of the user with the most tokens", $"users/{ScaleShape.ManyTokens}/tokens"),
            ("history of a user, 100 rows", $"users/{ScaleShape.Typical}/token-change-history?limit=100"),
            ("history of the user with the most changes, 100 rows", $"users/{ScaleShape.ManyTokens}/token-change-history?limit=100"),
            ("history of a token", $"users/{family.Username}/tokens/{child}/change-history"),
            ($"history of a token with {shape.FamilySize:N0} children, 100 "
                + "rows", $"users/{family.Username}/token-change-history?limit=100&key={family.Token.Key}"),
            ("history of all users, 100 rows", "history/token-changes?limit=100"),
        })
        {
            var (rows, times) = await TimeAsync(admin, new Uri(node.Url, "/auth/api/v1/" + path));
            report.Add($"{what} ({rows})", times, goal: 20);
        }
    }

    /// <summary>
    /// Returns the number of rows in the response, if it states one, and the durations of several requests after a warm-up.
    /// </summary>
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
        await AuditAsync(site, report, "audit of inconsistent stores", "audit");
        await AuditAsync(site, report, "repair of inconsistent stores", "audit", "--fix");
        await AuditAsync(site, report, "audit after the repair", "audit", "--strict");
    }

    private static async Task AuditAsync(ScaleSite site, ScaleReport report, string what, params string[] command)
    {
        var (seconds, footprint, lines) = await site.Program.RunAsync(command);
        report.Add(
            $"{what}: time, for {lines.Length:N0} findings", $"{seconds:0.0} s, {footprint.CpuSeconds:0} s CPU time", seconds, goal: 60,
            " s");
        report.Add($"{what}: peak memory", $"{footprint.PeakMiB} MiB", footprint.PeakMiB, MostMiB, " MiB");
    }

    private static async Task RevokeAsync(ScaleSite site, ScaleReport report)
    {
        var shape = site.Shape;
        await using var node = await site.Program.ServeAsync();
        // A node that has answered requests before, as in production.
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
            var cascade = await RevocationTimes.RevokeAsync(
                node.Url, shape.RecordOf(parent), [shape.TokenOf(parent), shape.TokenOf(children[0]), shape.TokenOf(children[^1])]);
            ended.Add(cascade.AccessEnded.TotalMilliseconds);
            acknowledged.Add(cascade.Acknowledged.TotalMilliseconds);
        }
        report.Add($"revoking a token with {shape.FamilySize:N0} children: until all are denied", ended, goal: 200);
        report.Add($"revoking a token with {shape.FamilySize:N0} children: until it is acknowledged", acknowledged, goal: 2000);
    }

    /// <summary>Measures maintenance while a node answers as many requests as it can.</summary>
    private async Task MaintainAsync(ScaleSite site, ScaleReport report)
    {
        await progress.WriteLineAsync("expiring tokens");
        var due = await site.Data.LetTimePassAsync();
        await using var node = await site.Program.ServeAsync();
        var token = site.Shape.TokenOf(Enumerable.Range(0, count).First(i => i > 0 && !site.Shape.IsDue(i)));
        var request = new WrkRequest(
            new Uri(node.Url, "/ingress/auth?scope=read:all&service=portal"),
            [.. FloorServer.ProxyHeaders, ("Authorization", $"Bearer {token.Reveal()}")]);
        var slice = TimeSpan.FromSeconds(5);
        List<Load> idle = [], busy = [];
        for (var i = 0; i < 5; i++)
            idle.Add(await Wrk.RunAsync(request, slice));
        var maintenance = site.Program.RunAsync("maintenance");
        while (!maintenance.IsCompleted)
            busy.Add(await Wrk.RunAsync(request, slice));
        var (seconds, footprint, lines) = await maintenance;
        for (var i = 0; i < 3; i++)
            idle.Add(await Wrk.RunAsync(request, slice));
        await progress.WriteLineAsync(lines.LastOrDefault());
        await progress.WriteLineAsync($"p99 in ms: idle {P99s(idle)}; busy {P99s(busy)}");

        // The last slice continues after the maintenance has ended.
        if (busy.Count > 1)
            busy.RemoveAt(busy.Count - 1);
        var (before, during) = (Load.MedianOf(idle), Load.MedianOf(busy));
        report.Add($"maintenance, {due:N0} tokens expired", $"{seconds:0} s, {footprint.CpuSeconds:0} s CPU time", seconds, goal: null, "");
        report.Add("maintenance: peak memory", $"{footprint.PeakMiB} MiB", footprint.PeakMiB, MostMiB, " MiB");
        report.Add("`/ingress/auth` idle", $"{before.RequestsPerSecond:0}/s, p99 {before.P99 / 1000:0.0} ms", 0, goal: null, "");
        report.Add(
            "`/ingress/auth` during maintenance", $"{during.RequestsPerSecond:0}/s, p99 {during.P99 / 1000:0.0} ms, "
                + $"{busy.Max(load => load.P99) / 1000:0.0} ms in the worst 5 s", 0, goal: null, "");
        report.Add("ratio of p99 during maintenance to p99 idle", $"{during.P99 / before.P99:0.00}", during.P99 / before.P99, goal: 2, "");
    }

    private static string P99s(IEnumerable<Load> loads) => string.Join(' ', loads.Select(load => $"{load.P99 / 1000:0.0}"));

    private static HttpClient ClientOf(ScaleNode node, Token token)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, UseProxy = false })
        {
            BaseAddress = node.Url,
            DefaultRequestVersion = HttpVersion.Version11,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        return client;
    }
}
