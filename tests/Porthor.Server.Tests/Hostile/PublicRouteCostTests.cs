using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Hostile;

/// <summary>
/// Public routes must need little CPU time: a client without a token must not slow down forward authentication. The list of routes comes
/// from the server itself, so that new routes are measured too.
/// </summary>
public sealed class PublicRouteCostTests : IAsyncDisposable
{
    /// <summary>The maximum CPU time per request; most requests need a tenth. Tests run a debug build.</summary>
    private static readonly TimeSpan MaxCpuTime = TimeSpan.FromMilliseconds(2);

    /// <summary>The additional CPU time per megabyte of the response, which is needed to send it.</summary>
    private static readonly TimeSpan MaxCpuTimePerMegabyte = TimeSpan.FromMilliseconds(2);

    private const int Warmup = 30;
    private const int Requests = 50;

    private readonly PorthorProgram program = new();

    [Fact]
    public async Task No_public_route_needs_more_than_two_milliseconds_of_CPU_time()
    {
        using var rsa = RSA.Create(2048);
        program.Variables["PORTHOR_OIDC_SERVER_KEY"] = rsa.ExportPkcs8PrivateKeyPem();
        program.Configure("oidcServer: {enabled: true, issuer: 'https://example.com', keyId: some-kid, clientSuffix: .example.com}");
        using var server = await ServingProgram.StartAsync(program, withMetrics: false);
        var client = server.Client;
        using var process = Process.GetProcessById(server.Program.Id);
        await using var twin = await TestServer.StartAsync(Mode.Embedded);
        var paths = PublicPaths.Of(twin.Services);
        paths.Count.ShouldBeGreaterThan(30);
        var posts = PublicPaths.RoutesOf(twin.Services, "POST").ToList();
        posts.ShouldContain("/auth/openid/token");
        posts.ShouldContain("/auth/login");
        posts.ShouldContain("/auth/api/v1/tokens");
        List<string> expensive = [];
        foreach (var (path, form) in paths.Select(path => (path, (string?)null)).Concat(posts.SelectMany(FormsFor)))
        {
            foreach (var accept in (string[])["*/*", "text/html"])
            {
                var limit = MaxCpuTime + (MaxCpuTimePerMegabyte * (await RequestAsync(client, path, accept, Warmup, form) / 1_000_000.0));
                // The minimum of several measurements, because background work and the JIT compiler also use CPU time.
                var cost = TimeSpan.MaxValue;
                for (var i = 0; i < 8 && cost > limit; i++)
                    cost = Min(cost, await MeasureAsync(process, () => RequestAsync(client, path, accept, Requests, form)));
                TestContext.Current.SendDiagnosticMessage($"{cost.TotalMilliseconds:0.000} ms {accept} {path} {form}");
                if (cost > limit)
                    expensive.Add($"{path[..Math.Min(60, path.Length)]} ({accept}, {form}): {cost.TotalMilliseconds:0.00} ms");
            }
        }
        expensive.ShouldBeEmpty();
    }

    public ValueTask DisposeAsync() => program.DisposeAsync();

    /// <summary>
    /// Returns forms for a route that accepts POST. Two requests are not measured, because they compare a password or a secret with a slow
    /// hash, which queues and limits protect (LoginAttackTests, ClientSecretTests): a login with a valid login state, and a request for
    /// tokens that names a registered client. Without these, the routes must be as cheap as all others.
    /// </summary>
    private static IEnumerable<(string Path, string? Form)> FormsFor(string path) =>
    [
        (path, ""), (path, "username=somebody&password=wrong&state=some-state&csrf=some-value"),
        (path, "grant_type=authorization_code&client_id=missing&client_secret=wrong&code=gc-x.y&redirect_uri=https://example.com/"),
    ];

    private static async Task<TimeSpan> MeasureAsync(Process process, Func<Task> work)
    {
        process.Refresh();
        var before = process.TotalProcessorTime;
        await work();
        process.Refresh();
        return (process.TotalProcessorTime - before) / Requests;
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <param name="form">The form of a POST request; null for a GET request.</param>
    /// <returns>The size of the last response in bytes.</returns>
    private static async Task<long> RequestAsync(HttpClient client, string path, string accept, int times, string? form)
    {
        long size = 0;
        for (var i = 0; i < times; i++)
        {
            using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, path);
            if (form is not null)
                request.Content = new StringContent(form, Encoding.ASCII, "application/x-www-form-urlencoded");
            request.Headers.Add("Accept", accept);
            using var answer = await client.SendAsync(request);
            ((int)answer.StatusCode).ShouldBeLessThan(500, path);
            size = (await answer.Content.ReadAsByteArrayAsync()).LongLength;
        }
        return size;
    }
}
