using Microsoft.Extensions.Time.Testing;
using Porthor.Audit;
using Porthor.History;
using Porthor.Maintenance;
using Porthor.Operations;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests;

/// <summary>A node whose operations a test calls directly, with a clock that only the test advances.</summary>
internal sealed class Operations : IAsyncDisposable
{
    private readonly Deployment deployment;

    private Operations(Deployment deployment, PorthorDeployment node, FakeTimeProvider clock, CapturedLogs logs)
    {
        this.deployment = deployment;
        (Node, Clock, Logs) = (node, clock, logs);
    }

    public PorthorDeployment Node { get; }

    public FakeTimeProvider Clock { get; }

    public CapturedLogs Logs { get; }

    public TokenService Tokens => Node.Tokens;

    public TokenAudit Audit => Node.Audit;

    public TokenMaintenance Maintenance => Node.Maintenance;

    public Deployment Deployment => deployment;

    public Caller Administrator => TokenBuilders.Administrator(Clock);

    /// <summary>The current time in whole seconds, like all stored times.</summary>
    public DateTimeOffset Now => Clock.GetUtcNow();

    public TimeSpan Lifetime => deployment.Settings.Tokens.Lifetime;

    public static async Task<Operations> StartAsync(Mode mode)
    {
        var deployment = await Deployment.CreateAsync(mode);
        // Close to the real time, which Redis uses to expire keys.
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        var logs = new CapturedLogs();
        return new Operations(deployment, await deployment.OpenNodeAsync(clock, logs), clock, logs);
    }

    /// <summary>Opens another node with empty caches.</summary>
    public Task<PorthorDeployment> OpenAnotherAsync() => deployment.OpenNodeAsync(Clock, Logs);

    /// <summary>Returns the changes of a user, newest first, without their IDs.</summary>
    public async Task<List<TokenChange>> HistoryAsync(string username)
    {
        var page = await Tokens.GetChangeHistoryAsync(
            Administrator, new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = username }, Cursor: null, Limit: null));
        return await page.Rows.Select(change => change with { Id = 0 }).ToListAsync();
    }

    public async Task<TokenInfo> RowAsync(Token token) => (await Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldNotBeNull();

    public ValueTask DisposeAsync() => deployment.DisposeAsync();
}
