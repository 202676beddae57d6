using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Porthor.Quotas;
using Porthor.Server.Hosting;
using Porthor.Server.Logging;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Usage;

namespace Porthor.Benchmarks;

/// <summary>Runs Porthor's server in one mode like the program, with a test user. Log lines are written to a file.</summary>
internal sealed class IngressServer : IAsyncDisposable
{
    private readonly Deployment deployment;
    private readonly ILoggerFactory loggers;
    private readonly WebApplication app;

    private IngressServer(Deployment deployment, ILoggerFactory loggers, WebApplication app, Caller caller, string cookie)
    {
        (this.deployment, this.loggers, this.app) = (deployment, loggers, app);
        Bearer = ("Authorization", $"Bearer {caller.Record.Token.Reveal()}");
        Cookie = ("Cookie", $"{SessionCookie.Name}={cookie}");
    }

    public (string, string) Bearer { get; }

    public (string, string) Cookie { get; }

    /// <summary>A well-formed token that does not exist.</summary>
    public (string, string) Unknown { get; } = ("Authorization", $"Bearer {Token.Create().Reveal()}");

    public static async Task<IngressServer> StartAsync(Mode mode, bool recordsUses = true)
    {
        var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings with
        {
            Usage = new UsageOptions(recordsUses),
            Quota = new QuotaPlan
            {
                Default = new Quota { Api = new Dictionary<string, long> { ["limited"] = 1_000_000_000, ["exceeded"] = 1 } },
            },
        };
        var log = new FileStream(
            Path.GetTempFileName(), FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var loggers = LoggerFactory.Create(logging => logging.AddPorthorLogging(LogLevel.Information, log, new JsonLineFormatter()));
        var core = await deployment.OpenNodeAsync(loggers: loggers);
        var app = ServerHost.Build(core, "http://127.0.0.1:0", loggers);
        await app.StartAsync();
        var caller = await core.Tokens.SessionForAsync("someuser", "read:all,user:token,exec:notebook");
        return new IngressServer(
            deployment, loggers, app, caller, core.SessionCookie.Write(new SessionState { Token = caller.Record.Token, Csrf = "x" }));
    }

    public WrkRequest Ask(string query, (string, string) credentials, bool isRefused = false, int clients = 1) => new(
        new Uri(new Uri(app.Urls.First()), "/ingress/auth?scope=read:all" + query), [.. FloorServer.ProxyHeaders, credentials], isRefused,
        clients);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await deployment.DisposeAsync();
        loggers.Dispose();
    }
}
