using System.Net;
using Porthor.Tokens;

namespace Porthor.Testing;

/// <summary>The porthor program as a running server, with its URL for users and its URL for monitoring.</summary>
internal sealed record ServingProgram(RunningProgram Program, Uri Url, Uri? MonitoringUrl) : IDisposable
{
    /// <summary>A client without cookies and redirects.</summary>
    public HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Url };

    /// <param name="withMetrics">True to open a port for metrics.</param>
    public static async Task<ServingProgram> StartAsync(PorthorProgram program, bool withMetrics = true)
    {
        const string message = "Metrics and health are at ";
        var url = new Uri($"http://127.0.0.1:{RealServers.FreePort()}");
        var running = program.Start(["run", "--urls", url.AbsoluteUri, .. withMetrics ? (string[])["--metrics-port", "0"] : []]);
        using var client = new HttpClient();
        await running.WaitUntilAsync(
            async () =>
            {
                try
                {
                    using var answer = await client.GetAsync(new Uri(url, "/health/ready"));
                    return answer.IsSuccessStatusCode && (!withMetrics || running.Output.Contains(message, StringComparison.Ordinal));
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the server");
        return new ServingProgram(running, url, withMetrics ? new Uri(running.Output.Split(message)[1].Split('"')[0]) : null);
    }

    /// <summary>Sends an authorization subrequest as a proxy does, and returns the status.</summary>
    public async Task<HttpStatusCode> AuthorizeAsync(Token? token, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ingress/auth" + query);
        request.Headers.Add("X-Original-URL", "https://example.com/");
        request.Headers.Add("X-Original-Method", "GET");
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token.Reveal());
        using var answer = await Client.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Returns all metrics, as Prometheus scrapes them.</summary>
    public Task<string> MetricsAsync() => Client.GetStringAsync(new Uri(MonitoringUrl!, "/metrics"));

    public void Dispose() => Client.Dispose();
}
