using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Web;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>
/// The program behind a proxy from the environment variables (docs/operators/login.md): the requests that use the proxy, and the error
/// messages. The proxy does not forward requests.
/// </summary>
public sealed class ProviderProxyTests : IAsyncLifetime
{
    private const string Password = "password-of-the-proxy-5e1f";

    private readonly PorthorProgram program = new();
    private readonly TcpListener proxy = new(IPAddress.Loopback, 0);
    private readonly List<string> requests = [];

    private string Address => $"127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}";

    public ValueTask InitializeAsync()
    {
        proxy.Start();
        program.Secrets.Add(Password);
        program.Variables["PORTHOR_OIDC_CLIENT_SECRET"] = "some-client-secret-5c1d";
        program.Configure(
            """
            oidc:
              clientId: some-client
              loginUrl: "https://login.example.invalid/authorize"
              tokenUrl: "https://login.example.invalid/token"
              redirectUrl: "https://example.com/login"
              issuer: "https://login.example.invalid"
            ldap:
              url: "ldap://127.0.0.1:1"
              userBaseDn: "ou=people,dc=example,dc=com"
              groupBaseDn: "ou=groups,dc=example,dc=com"
            groupMapping: {"read:all": [staff]}
            """);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        proxy.Dispose();
        await program.DisposeAsync();
    }

    /// <summary>A dot before a name includes its subdomains; a name without a dot does not.</summary>
    [Theory]
    [InlineData("", true)]
    [InlineData("login.example.invalid", false)]
    [InlineData("other.example.org,.example.invalid", false)]
    [InlineData("example.invalid", true)]
    public async Task Requests_to_the_provider_use_the_proxy_unless_excluded(string except, bool usesProxy)
    {
        program.Variables["HTTPS_PROXY"] = $"http://{Address}";
        program.Variables["NO_PROXY"] = except;
        var (page, log) = await LogInAsync("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        page.ShouldContain("Cannot contact authentication provider: ConnectError from POST https://login.example.invalid/token");
        requests.Distinct().ShouldBe(usesProxy ? ["CONNECT login.example.invalid:443 HTTP/1.1"] : []);
        if (usesProxy)
            log.ShouldMatch("failed with status code .{1,6}502");
        // The unavailable directory was already reported at startup.
        log.ShouldContain("LDAP is down");
    }

    /// <summary>HttpClient's error message contains the complete URL of the proxy.</summary>
    [Fact]
    public async Task A_proxy_error_names_the_proxy_without_its_password()
    {
        program.Variables["HTTPS_PROXY"] = $"http://porthor:{Password}@{Address}";
        program.Variables["NO_PROXY"] = "";
        var (page, log) = await LogInAsync(
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n");
        page.ShouldNotContain(Address);
        log.ShouldContain($"//***@{Address}/");
        log.ShouldMatch("failed with status code .{1,6}407");
    }

    [Fact]
    public async Task A_TLS_error_is_reported_with_its_cause()
    {
        program.Variables["HTTPS_PROXY"] = $"http://{Address}";
        program.Variables["NO_PROXY"] = "";
        var (_, log) = await LogInAsync("HTTP/1.1 200 OK\r\n\r\nthis is no TLS, nor anything like it\r\n");
        log.ShouldContain("ConnectError: The SSL connection could not be established: ");
        log.ShouldNotContain("inner exception");
    }

    /// <summary>Runs a login until the return from the provider. Returns the page and the program's log.</summary>
    /// <param name="reply">The response of the proxy to all requests.</param>
    private async Task<(string Page, string Log)> LogInAsync(string reply)
    {
        _ = AnswerAsync(reply);
        using var server = await ServingProgram.StartAsync(program, withMetrics: false);
        using var begun = await server.Client.GetAsync($"/login?rd={server.Url}");
        var state = HttpUtility.ParseQueryString(begun.Headers.Location!.Query)["state"]!;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/login?code=some-code&state={Uri.EscapeDataString(state)}");
        request.Headers.Add("Cookie", begun.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var ended = await server.Client.SendAsync(request);
        ((int)ended.StatusCode).ShouldBe(500);
        return (await ended.Content.ReadAsStringAsync(), (await server.Program.TerminateAsync()).Output);
    }

    private async Task AnswerAsync(string reply)
    {
        try
        {
            while (true)
            {
                using var client = await proxy.AcceptTcpClientAsync();
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII);
                var first = await reader.ReadLineAsync();
                lock (requests)
                    requests.Add(first ?? "");
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }
                await stream.WriteAsync(Encoding.ASCII.GetBytes(reply));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The test ended.
        }
    }
}
