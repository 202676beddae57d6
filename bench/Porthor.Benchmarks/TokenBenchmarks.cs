using Porthor.History;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Benchmarks;

/// <summary>Measures the operations of the token service in one mode, each compared with its floor.</summary>
internal sealed class TokenBenchmarks(Mode mode)
{
    private const int PageSize = 100;
    private readonly string name = mode.ToString().ToLowerInvariant();

    public async Task<(List<Result> Results, List<(string What, double Milliseconds)> Counts)> RunAsync()
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var node = await deployment.OpenNodeAsync();
        await using var floors = await Floors.CreateAsync(deployment);
        List<Result> results = [];
        results.AddRange(await TokensAsync(node, floors));
        await Console.Error.WriteLineAsync($"{name}: writing {HistoryData.Rows:N0} changes");
        await HistoryData.FillAsync(deployment);
        var (pages, counts) = await HistoryAsync(node, floors);
        results.AddRange(pages);
        return (results, counts);
    }

    private async Task<List<Result>> TokensAsync(PorthorDeployment node, Floors floors)
    {
        var session = await node.Tokens.SessionForAsync("some-user", "read:all,user:token");
        var key = session.Record.Token.Key.Value;
        var number = 0;
        List<Caller> parents = [];
        for (var i = 0; i < 200; i++)
            parents.Add(await node.Tokens.SessionForAsync($"user{i}", "read:all,user:token"));
        List<Result> results =
        [
            await Measurement.CompareAsync(name, "create token", mode == Mode.Cluster ? 2.5 : 1.6, 40,
                () => node.Tokens.CreateUserTokenAsync(
                    session, "some-user", new UserTokenRequest($"t{number++}", ScopeSet.Of("read:all"), null)),
                floors.InsertAsync),
            await Measurement.CompareAsync(name, "get data", mode == Mode.Embedded ? 1.5 : 1.25, 500,
                () => node.Tokens.GetDataAsync(session.Record.Token).AsTask(),
                () => floors.ReadRecordAsync(key)),
            await Measurement.CompareAsync(name, "internal token, reused", goal: null, 500,
                () => node.Tokens.GetInternalTokenAsync(session, "tap", ScopeSet.Of("read:all")),
                () => floors.ReadRecordAsync(key)),
            await Measurement.CompareAsync(name, "internal token, new", goal: null, 40,
                () => node.Tokens.GetInternalTokenAsync(parents[number % parents.Count], $"service{number++}", ScopeSet.Of("read:all")),
                floors.InsertAsync),
        ];

        var other = await node.Tokens.SessionForAsync("list-user", "user:token");
        for (var i = 1; i < PageSize; i++)
            await node.Tokens.CreateUserTokenAsync(other, "list-user", new UserTokenRequest($"t{i}", ScopeSet.Empty, null));
        string[] keys = [.. (await node.Tokens.ListTokensAsync(other, "list-user")).Select(token => token.Token.Value)];
        results.Add(await Measurement.CompareAsync(name, "list 100 tokens", goal: null, 20,
            () => node.Tokens.ListTokensAsync(other, "list-user"),
            () => floors.ReadTokensAsync(keys)));
        return results;
    }

    private async Task<(List<Result>, List<(string, double)>)> HistoryAsync(PorthorDeployment node, Floors floors)
    {
        List<Result> results = [];
        List<(string, double)> counts = [];
        foreach (var (what, filter) in (List<(string, HistoryFilter)>)
        [
            ("user", new HistoryFilter { Username = HistoryData.User }),
            ("actor", new HistoryFilter { Actor = HistoryData.Actor }),
            ("block", new HistoryFilter { IpAddress = AddressBlock.Parse(HistoryData.Block) }),
        ])
        {
            HistoryCursor? cursor = null;
            for (var page = 1; page <= 500; page++)
            {
                var rows = await node.Sql.History.ReadAsync(filter, cursor, PageSize + 1, CancellationToken.None);
                if (page is 1 or 500)
                    results.Add(await PageAsync(
                        node, floors, $"history by {what}, page {page}", filter, cursor, [.. rows.Select(row => row.Id)]));
                cursor = HistoryCursor.At(rows[^1]);
            }
            counts.Add(
                ($"{name}: count of history by {what}", await Measurement.TimeAsync(
                    () => node.Sql.History.CountAsync(filter, CancellationToken.None), 11) / 1000));
        }
        return (results, counts);
    }

    private Task<Result> PageAsync(
        PorthorDeployment node, Floors floors, string what, HistoryFilter filter, HistoryCursor? cursor, long[] ids) =>
        Measurement.CompareAsync(name, what, goal: 4, 5,
            () => node.Sql.History.ReadAsync(filter, cursor, PageSize + 1, CancellationToken.None),
            () => floors.ReadHistoryAsync(ids));
}
