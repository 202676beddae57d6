using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Porthor.Quotas;
using Porthor.Server.Hosting;
using Porthor.Server.Logging;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Benchmarks;

/// <summary>What a proxy's question costs, over wrk, beside bare Kestrel and Kestrel with one read, in the same run.</summary>
internal sealed class IngressBenchmarks(TextWriter progress, TimeSpan duration, int turns)
{
    private readonly List<(string Mode, string What, Load Load, string Goal)> rows = [];
    private Load? bare;
    private Load? withGet;
    private Load? withRow;

    public async Task RunAsync(TextWriter output)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        await using (var app = await FloorServer.BareAsync())
            bare = await MeasureAsync("Kestrel", app, "/", [], expectRefusals: false);
        await using (var app = await FloorServer.RedisAsync(await RealServers.Instance.RedisAsync()))
            withGet = await MeasureAsync("Kestrel and GET", app, "/", [], expectRefusals: false);
        await using (var app = await FloorServer.PostgresAsync(postgres.ConnectionString(await postgres.CreateDatabaseAsync())))
            withRow = await MeasureAsync("Kestrel and row", app, "/", [], expectRefusals: false);
        foreach (var mode in (Mode[])[Mode.Cluster, Mode.Database, Mode.Embedded])
            await RunAsync(mode);
        Print(output);
    }

    private async Task RunAsync(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings with
        {
            Quota = new QuotaPlan { Default = new Quota { Api = new Dictionary<string, long> { ["limited"] = 1_000_000_000 } } },
        };
        // Lines are written as by the program, to a file.
        var log = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        using var loggers = LoggerFactory.Create(logging => logging.AddPorthorLogging(LogLevel.Information, log, new JsonLineFormatter()));
        var core = await deployment.OpenNodeAsync(loggers: loggers);
        await using var app = ServerHost.Build(core, "http://127.0.0.1:0", loggers);
        await app.StartAsync();

        var caller = await core.Tokens.SessionForAsync("someuser", "read:all,user:token,exec:notebook");
        var bearer = ("Authorization", $"Bearer {caller.Record.Token.Reveal()}");
        var cookie = ("Cookie", $"{SessionCookie.Name}={core.SessionCookie.Write(new SessionState { Token = caller.Record.Token, Csrf = "x" })}");
        var refused = ("Authorization", $"Bearer {Token.Create().Reveal()}");
        const string route = "/ingress/auth?scope=read:all";
        async Task Row(string what, string query, (string, string) credentials, Func<Load, string>? goal = null, bool expectRefusals = false)
        {
            var load = await MeasureAsync($"{mode} {what}", app, route + query, [credentials], expectRefusals);
            rows.Add((mode.ToString(), what, load, goal?.Invoke(load) ?? ""));
        }
        var plain = mode switch
        {
            Mode.Cluster => Goal(withGet!, 0.8, "Kestrel and GET"),
            Mode.Database => Goal(withRow!, 0.85, "Kestrel and row"),
            _ => Goal(rows.First(row => row is { Mode: "Cluster", What: "plain" }).Load, 0.8, "cluster"),
        };
        await Row("plain", "&service=portal", bearer, plain);
        await Row("delegated", "&service=portal&delegate_to=portal&delegate_scope=read:all", bearer, mode == Mode.Cluster ? Goal(withGet!, 0.7, "Kestrel and GET") : null);
        await Row("notebook", "&service=nublado&notebook=true", bearer);
        await Row("rate-limited", "&service=limited", bearer);
        await Row("cookie", "&service=portal", cookie);
        await Row("refused: no such token", "", refused, Goal(rows.First(row => row.Mode == mode.ToString() && row.What == "plain").Load, 1, "plain"), expectRefusals: true);
        await Row("refused: scope", "&scope=exec:admin", bearer, Goal(rows.First(row => row.Mode == mode.ToString() && row.What == "plain").Load, 1, "plain"), expectRefusals: true);
        if (mode == Mode.Cluster)
            await app.StopAsync();
    }

    private static Func<Load, string> Goal(Load floor, double ratio, string name) => load =>
    {
        var reached = load.RequestsPerSecond / floor.RequestsPerSecond;
        return $"{reached:0.00} x {name}, goal >= {ratio:0.##}{(reached >= ratio ? "" : " MISSED")}";
    };

    /// <summary>Some turns, after one that does not count; the medians of them.</summary>
    private async Task<Load> MeasureAsync(string what, WebApplication app, string path, (string, string)[] headers, bool expectRefusals)
    {
        progress.WriteLine(what);
        var url = new Uri(new Uri(app.Urls.First()), path);
        (string, string)[] all = [("X-Original-URL", "https://example.com/some/page"), ("X-Original-Method", "GET"), ("X-Forwarded-For", "192.0.2.7"), .. headers];
        _ = await Wrk.RunAsync(url, all, TimeSpan.FromSeconds(2), expectRefusals);
        List<Load> loads = [];
        for (var turn = 0; turn < turns; turn++)
            loads.Add(await Wrk.RunAsync(url, all, duration, expectRefusals));
        return Load.MedianOf(loads);
    }

    private void Print(TextWriter output)
    {
        output.WriteLine($"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores shared with wrk, .NET {Environment.Version}; 32 connections, medians of {turns} turns of {duration.TotalSeconds:0} s");
        output.WriteLine();
        output.WriteLine("| mode | request | requests/s | p50 us | p99 us | CPU us | bytes allocated | of Kestrel | of Kestrel and GET | p99 of its p99 | goal |");
        output.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (var (mode, what, load, goal) in (IEnumerable<(string, string, Load, string)>)[("-", "Kestrel", bare!, ""), ("-", "Kestrel and GET", withGet!, ""), ("-", "Kestrel and row", withRow!, ""), .. rows])
        {
            output.WriteLine(
                $"| {mode} | {what} | {load.RequestsPerSecond:0} | {load.P50:0} | {load.P99:0} | {load.CpuMicroseconds:0.0} | {load.Bytes:0} "
                + $"| {load.RequestsPerSecond / bare!.RequestsPerSecond:0.00} | {load.RequestsPerSecond / withGet!.RequestsPerSecond:0.00} | {load.P99 / withGet.P99:0.00} | {goal} |");
        }
    }
}
