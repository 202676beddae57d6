using Microsoft.Extensions.Time.Testing;
using Porthor.Audit;
using Porthor.History;
using Porthor.Maintenance;
using Porthor.Operations;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests;

/// <summary>A node whose operations a test calls, with a clock that only the test moves.</summary>
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

    /// <summary>Now, in whole seconds, as everything that is stored has it.</summary>
    public DateTimeOffset Now => Clock.GetUtcNow();

    public TimeSpan Lifetime => deployment.Settings.Tokens.Lifetime;

    public static async Task<Operations> StartAsync(Mode mode)
    {
        var deployment = await Deployment.CreateAsync(mode);
        // Not far from the true time, by which Redis forgets what has expired.
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        var logs = new CapturedLogs();
        return new Operations(deployment, await deployment.OpenNodeAsync(clock, logs), clock, logs);
    }

    /// <summary>Another node, which remembers nothing of the first.</summary>
    public Task<PorthorDeployment> OpenAnotherAsync() => deployment.OpenNodeAsync(Clock, Logs);

    /// <summary>Changes of a user, newest first, without their numbers.</summary>
    public async Task<List<TokenChange>> HistoryAsync(string username)
    {
        var page = await Tokens.GetChangeHistoryAsync(
            Administrator, new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = username }, Cursor: null, Limit: null));
        return await page.Rows.Select(change => change with { Id = 0 }).ToListAsync();
    }

    public async Task<TokenInfo> RowAsync(Token token) => (await Tokens.GetTokenInfoUncheckedAsync(token.Key)).ShouldNotBeNull();

    public ValueTask DisposeAsync() => deployment.DisposeAsync();
}
