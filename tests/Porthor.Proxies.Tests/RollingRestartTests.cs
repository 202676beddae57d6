using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Proxies.Tests;

/// <summary>Two nodes behind a proxy are restarted one after the other, and no request fails.</summary>
public sealed class RollingRestartTests
{
    private const int Clients = 8;

    [Fact]
    public async Task No_request_fails_while_nodes_are_restarted_one_after_the_other()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        Prerequisites.SkipWithout(Mode.Database);
        await using var deployment = await Deployment.CreateAsync(Mode.Database);
        // A new node compiles code at its first requests. On a busy machine this takes longer than the default timeout of 1 s.
        const string longTimeout = "answerTimeout: 2.5\n";
        List<Node> nodes = [await Node.CreateAsync(deployment, longTimeout), await Node.CreateAsync(deployment, longTimeout)];
        await using var site = await Upstream.StartAsync();
        try
        {
            foreach (var node in nodes)
                await node.StartAsync();
            var core = await deployment.OpenNodeAsync();
            var token = (await core.Tokens.SessionForAsync("client", "read:all")).Record.Token;
            // One line for each node, as the comment in site.conf describes.
            var upstream = string.Join(" max_fails=0;\n    server ", nodes.Select(node => node.Url.Authority));
            await using var proxy = await ProxyProcess.StartAsync(Proxy.Nginx, upstream, site.Address);

            await RealServers.WaitUntilAsync(
                async () => (await GetAsync(proxy.Port, token, "/api/x")).ShouldBe(200), "the first token for the service");
            using var stopping = new CancellationTokenSource();
            var clients = Enumerable.Range(0, Clients)
                .Select(_ => Task.Run(() => SendRequestsAsync(proxy.Port, token, stopping.Token))).ToList();
            foreach (var node in nodes)
            {
                var requestsBefore = site.Requests;
                await RealServers.WaitUntilAsync(
                    () => Task.FromResult(site.Requests > requestsBefore + 100 ? true : throw new TimeoutException()), "visits");
                (await node.TerminateAsync()).ExitCode.ShouldBe(0);
                await node.StartAsync(node.Url.Port);
            }
            await stopping.CancelAsync();
            var answers = (await Task.WhenAll(clients)).SelectMany(each => each).ToList();
            answers.Where(answer => answer != 200).ShouldBeEmpty(proxy.Output);
            answers.Count.ShouldBeGreaterThan(200);
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }
    }

    private static async Task<int> GetAsync(int port, Token token, string path)
    {
        using var client = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
        { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var request = new HttpRequestMessage(
            HttpMethod.Get, path)
        { Headers = { Host = "example.com", Authorization = new("Bearer", token.Reveal()) } };
        using var response = await client.SendAsync(request, CancellationToken.None);
        return (int)response.StatusCode;
    }

    private static async Task<List<int>> SendRequestsAsync(int port, Token token, CancellationToken stopping)
    {
        using var client = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
        { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        List<int> statuses = [];
        while (!stopping.IsCancellationRequested)
        {
            // Every fourth request needs a delegated token.
            using var request = new HttpRequestMessage(HttpMethod.Get, statuses.Count % 4 == 0 ? "/api/x" : "/x")
            {
                Headers = { Host = "example.com", Authorization = new("Bearer", token.Reveal()) }
            };
            using var response = await client.SendAsync(request, CancellationToken.None);
            statuses.Add((int)response.StatusCode);
        }
        return statuses;
    }
}
