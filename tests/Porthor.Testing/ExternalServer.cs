using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Porthor.Server.Login;
using Porthor.Server.Login.GitHub;

namespace Porthor.Testing;

/// <summary>
/// Represents an external service for the server under test: an HTTP server on this machine that sends the replies that a test configured.
/// A request without a configured reply is recorded and makes the test fail.
/// </summary>
internal sealed class ExternalServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<(string Method, string Path), Func<ExternalRequest, ExternalReply>> replies = new();
    private readonly ConcurrentQueue<ExternalRequest> requests = new();
    private readonly ConcurrentQueue<string> unexpected = new();

    private ExternalServer(WebApplication app) => this.app = app;

    /// <summary>The base URL, without a trailing slash.</summary>
    public string Url { get; private set; } = "";

    public IReadOnlyList<ExternalRequest> Requests => [.. requests];

    /// <summary>Requests that no test expected, to this server or to any other.</summary>
    public IReadOnlyList<string> Unexpected => [.. unexpected];

    public static async Task<ExternalServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ExternalServer(builder.Build());
        server.app.Run(server.AnswerAsync);
        await server.app.StartAsync();
        server.Url = server.app.Urls.First();
        return server;
    }

    /// <summary>Configures the reply to a request. Replaces an earlier reply to the same request.</summary>
    public void On(string method, string path, Func<ExternalRequest, ExternalReply> reply) => replies[(method, path)] = reply;

    /// <summary>Modifies the configured reply to a request.</summary>
    public void Change(string method, string path, Func<ExternalReply, ExternalReply> change)
    {
        var current = replies[(method, path)];
        On(method, path, request => change(current(request)));
    }

    public void On(string method, string path, ExternalReply reply) => On(method, path, _ => reply);

    public IReadOnlyList<ExternalRequest> RequestsTo(string method, string path) =>
        [.. requests.Where(request => request.Method == method && request.Path == path)];

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>Restricts the outgoing requests of a server under test to this external server, or to none.</summary>
    /// <param name="provider">The base URL of a server in another process, to which requests are also allowed.</param>
    public static void RestrictRequests(IServiceCollection services, ExternalServer? external, string? provider = null)
    {
        services.AddSingleton<HttpMessageHandler>(new AllowedServersHandler(external, provider));
        if (external is not null)
            services.AddSingleton(new GitHubAddresses(external.Url, external.Url + "/api"));
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new ExternalRequest(
            context.Request.Method,
            context.Request.Path.Value ?? "",
            context.Request.QueryString.Value ?? "",
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync());
        requests.Enqueue(request);
        if (!replies.TryGetValue((request.Method, request.Path), out var createReply))
        {
            unexpected.Enqueue($"{request.Method} {request.Path}");
            context.Response.StatusCode = StatusCodes.Status501NotImplemented;
            return;
        }
        var reply = createReply(request);
        if (reply.AbortsConnection)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        foreach (var (name, value) in reply.Headers)
            context.Response.Headers[name] = value;
        await context.Response.Body.WriteAsync(reply.Bytes ?? Encoding.UTF8.GetBytes(reply.Body));
    }

    private sealed class AllowedServersHandler : DelegatingHandler
    {
        private readonly ExternalServer? external;
        private readonly string? provider;

        public AllowedServersHandler(ExternalServer? external, string? provider)
            : base(ProviderHandler()) => (this.external, this.provider) = (external, provider);

        /// <summary>Creates the handler that production uses, but without a proxy.</summary>
        private static SocketsHttpHandler ProviderHandler()
        {
            var handler = ProviderClient.CreateHandler();
            handler.UseProxy = false;
            return handler;
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var authority = request.RequestUri!.GetLeftPart(UriPartial.Authority);
            if (authority == external?.Url || authority == provider || authority == ClosedPort.Url)
                return base.SendAsync(request, cancellationToken);
            external?.unexpected.Enqueue($"{request.Method} {request.RequestUri}");
            throw new InvalidOperationException($"No test expected a request to {authority}.");
        }
    }

    /// <summary>A URL on which no server listens. The port is bound, so that no other process gets it.</summary>
    public static class ClosedPort
    {
        private static readonly Socket BoundSocket = Bind();

        public static string Url { get; } = $"http://127.0.0.1:{((IPEndPoint)BoundSocket.LocalEndPoint!).Port}";

        private static Socket Bind()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }
    }
}
