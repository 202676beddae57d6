using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Porthor.Audit;
using Porthor.Maintenance;
using Porthor.Operations;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Testing;

/// <summary>Runs the server in this process on a free port, with its own deployment.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ILoggerFactory loggers;
    private bool ownsDeployment;

    private TestServer(Deployment deployment, PorthorDeployment core, WebApplication app, ILoggerFactory loggers, JsonLogs logs)
    {
        Deployment = deployment;
        Core = core;
        this.app = app;
        this.loggers = loggers;
        Logs = logs;
        Url = new Uri(app.Urls.First());
        Client = CreateClient();
        LeakDetector = new SecretLeakDetector(() => logs.Raw);
        foreach (var key in core.SessionKeys)
            LeakDetector.Secret(key.Reveal());
    }

    public Deployment Deployment { get; }

    public PorthorDeployment Core { get; }

    public JsonLogs Logs { get; }

    /// <summary>Finds secrets in logs and responses. Stopping the server fails if it found one.</summary>
    public SecretLeakDetector LeakDetector { get; }

    public Uri Url { get; }

    /// <summary>A client without redirects and cookies.</summary>
    public HttpClient Client { get; }

    public TokenService Tokens => Core.Tokens;

    public TokenAudit Audit => Core.Audit;

    public TokenMaintenance Maintenance => Core.Maintenance;

    public IServiceProvider Services => app.Services;

    /// <param name="configure">Changes the settings before the server starts.</param>
    /// <param name="ownRedis">The Redis server of this test alone, which it can make fail.</param>
    /// <param name="external">The only external server to which requests are allowed; null for none.</param>
    /// <param name="provider">The base URL of a provider in another process, in place of <paramref name="external"/>.</param>
    public static async Task<TestServer> StartAsync(
        Mode mode,
        Func<PorthorSettings, PorthorSettings>? configure = null,
        TimeProvider? clock = null,
        RedisServerProcess? ownRedis = null,
        ExternalServer? external = null,
        string? provider = null)
    {
        var server = await StartAsync(await Deployment.CreateAsync(mode, ownRedis), configure, clock, external, provider);
        server.ownsDeployment = true;
        return server;
    }

    /// <summary>Starts a server on a deployment that other servers use too. The deployment is not disposed with the server.</summary>
    public static async Task<TestServer> StartAsync(
        Deployment deployment,
        Func<PorthorSettings, PorthorSettings>? configure = null,
        TimeProvider? clock = null,
        ExternalServer? external = null,
        string? provider = null,
        Action<IServiceCollection>? adjust = null)
    {
        if (configure is not null)
            deployment.Settings = configure(deployment.Settings);
        var logs = new JsonLogs();
        var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(LogLevel.Debug)
            // As in production, this category is off: it would log query strings.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            .AddProvider(logs));
        var core = await deployment.OpenNodeAsync(clock, loggers);
        var app = ServerHost.Build(core, "http://127.0.0.1:0", loggers, services =>
        {
            ExternalServer.RestrictRequests(services, external, provider);
            adjust?.Invoke(services);
        });
        await app.StartAsync();
        return new TestServer(deployment, core, app, loggers, logs);
    }

    public HttpClient CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
    })
    {
        BaseAddress = Url,
    };

    /// <summary>Sends a request and returns the response with its body.</summary>
    /// <param name="json">An object to send as JSON; a text to send unchanged with the media type of JSON; or a content with its own media
    /// type.</param>
    public async Task<Answer> SendAsync(
        HttpMethod method, string path, IEnumerable<(string Name, string Value)>? headers = null, object? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is HttpContent content)
            request.Content = content;
        else if (json is string text)
            request.Content = new StringContent(text, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
        else if (json is not null)
            request.Content = JsonContent.Create(json);
        List<(string Name, string Value)> sent = [.. headers ?? []];
        foreach (var (name, value) in sent)
            request.Headers.TryAddWithoutValidation(name, value);
        LeakDetector.AddRequest(sent);
        using var response = await Client.SendAsync(request);
        var answer = await Answer.ReadAsync(response);
        LeakDetector.AddResponse(answer);
        return answer;
    }

    public Task<Answer> GetAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Get, path, headers);

    public Task<Answer> PostAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, path, headers, json);

    public Task<Answer> PatchAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Patch, path, headers, json);

    public Task<Answer> PutAsync(string path, object json, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Put, path, headers, json);

    public Task<Answer> DeleteAsync(string path, params (string, string)[] headers) => SendAsync(HttpMethod.Delete, path, headers);

    /// <summary>Posts a form, as a browser without scripts does.</summary>
    public Task<Answer> PostFormAsync(string path, IEnumerable<(string Name, string Value)> fields, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, path, headers, new FormUrlEncodedContent(
            fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    public static (string, string) Bearer(Token token) => ("Authorization", $"Bearer {token.Reveal()}");

    public static (string, string) Basic(string user, string password) =>
        ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public (string, string) Bootstrap => Bearer(Core.BootstrapToken!);

    /// <summary>Creates a state cookie as the server does.</summary>
    public (string, string) Cookie(SessionState state) => ("Cookie", $"{SessionCookie.Name}={Core.SessionCookie.Write(state)}");

    /// <summary>Stops the server gracefully. The stores stay open.</summary>
    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
        if (ownsDeployment)
            await Deployment.DisposeAsync();
        loggers.Dispose();
        LeakDetector.ThrowIfLeaked();
    }
}

/// <summary>A response with its complete body.</summary>
public sealed record Answer(HttpStatusCode Status, string Body, IReadOnlyDictionary<string, IReadOnlyList<string>> Headers)
{
    public int StatusCode => (int)Status;

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The first error of the response; most error responses have only one.</summary>
    public JsonElement Detail =>
        Json.GetProperty("detail") is { ValueKind: JsonValueKind.Array } list ? list[0] : Json.GetProperty("detail");

    public string? DetailType => Detail.GetProperty("type").GetString();

    public string? DetailMessage => Detail.GetProperty("msg").GetString();

    /// <summary>The location of the error, its parts joined by dots; null if the response has none.</summary>
    public string? DetailLocation => Detail.TryGetProperty("loc", out var loc) ? string.Join('.', loc.EnumerateArray()) : null;

    /// <summary>Returns the only value of a header; null if the header is missing.</summary>
    public string? Header(string name) => Headers.TryGetValue(name, out var values) ? values.Single() : null;

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        // Reads the headers unparsed: parsing would change their order and form.
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .ToDictionary(header => header.Key, IReadOnlyList<string> (header) => [.. header.Value], StringComparer.OrdinalIgnoreCase);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), headers);
    }
}
