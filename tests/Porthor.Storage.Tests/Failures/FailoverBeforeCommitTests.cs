using Porthor.Composition;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Failures;

/// <summary>
/// Redis loses the write of a revocation or reduction, and the node repeats all earlier revocations on the new connection. Both happen
/// before the token index commits the change. An acknowledged change must have an effect even then.
/// </summary>
public sealed class FailoverBeforeCommitTests
{
    private static readonly ScopeSet AllScopes = ScopeSet.Of("read:all", "read:some");
    private static readonly ScopeSet Reduced = ScopeSet.Of("read:some");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_revoked_token_does_not_work_after_a_failover_before_the_commit(bool withChild)
    {
        await using var site = await Site.StartAsync();
        var child = withChild ? await site.Core.Tokens.GetInternalTokenAsync(await site.Core.Tokens.CallerAsync(site.Token), "tap", Reduced)
            : null;

        (await (await site.FailingNodeAsync(site.Token)).DeleteTokenAsync(site.Token.Key, site.Session, "some-user")).ShouldBeTrue();

        site.Failovers.ShouldBe(1);
        (await site.Core.Tokens.GetDataAsync(site.Token)).ShouldBeNull();
        if (child is not null)
            (await site.Core.Tokens.GetDataAsync(child)).ShouldBeNull();
        (await site.Core.Tokens.GetDataAsync(site.Session.Record.Token)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_reduced_token_is_reduced_after_a_failover_before_the_commit()
    {
        await using var site = await Site.StartAsync();
        var child = await site.Core.Tokens.GetInternalTokenAsync(await site.Core.Tokens.CallerAsync(site.Token), "tap", AllScopes);
        var end = site.Core.Clock.GetSecondsNow() + TimeSpan.FromDays(1);

        await (await site.FailingNodeAsync(site.Token)).ModifyTokenAsync(
            site.Token.Key, TokenBuilders.Administrator(site.Core.Clock), "some-user", new TokenEdit { Scopes = Reduced, Expires = end });

        site.Failovers.ShouldBe(1);
        foreach (var token in new[] { site.Token, child })
        {
            var record = await site.Core.Tokens.GetDataAsync(token);
            (record!.Scopes, record.Expires).ShouldBe((Reduced, end));
        }
    }

    /// <summary>A deployment with a token whose record survives the failover.</summary>
    private sealed class Site(RedisServerProcess redis, Deployment deployment, PorthorDeployment core, Caller session, Token token)
        : IAsyncDisposable
    {
        public PorthorDeployment Core => core;

        public Caller Session => session;

        public Token Token => token;

        public int Failovers { get; private set; }

        public static async Task<Site> StartAsync()
        {
            Prerequisites.SkipWithout(Mode.Cluster);
            var redis = await RedisServerProcess.StartOwnAsync();
            var deployment = await Deployment.CreateAsync(Mode.Cluster, redis);
            var core = await deployment.OpenNodeAsync();
            var session = await core.Tokens.SessionForAsync("some-user", "read:all,read:some,user:token");
            var token = await core.Tokens.CreateUserTokenAsync(
                session, "some-user", new UserTokenRequest("mine", AllScopes, Expires: null));
            return new Site(redis, deployment, core, session, token);
        }

        /// <summary>
        /// Returns a node whose first commit comes after Redis has returned to its present data and all revocations were repeated.
        /// </summary>
        public async Task<TokenService> FailingNodeAsync(Token watched)
        {
            await using (var connection = await redis.ConnectAsync())
                await connection.GetDatabase().ExecuteAsync("SAVE");
            var tokenIndex = Interceptor<ITokenIndex>.Before(
                core.Sql.TokenIndex, method => method == nameof(ITokenIndex.BeginAsync) ? BeginAsync(watched) : null);
            return new TokenServicesBuilder
            {
                TokenIndex = tokenIndex,
                History = core.Sql.History,
                RecordStore = core.RecordStore,
                Fernet = new Fernet(core.SessionKeys, core.Clock),
                Loggers = core.Loggers,
                Metrics = core.Metrics,
                Tokens = core.Settings.Tokens,
                Clock = core.Clock,
            }.Build().Tokens;
        }

        public async ValueTask DisposeAsync()
        {
            await deployment.DisposeAsync();
            await redis.DisposeAsync();
        }

        private async Task<ITokenIndexTransaction> BeginAsync(Token watched)
        {
            var real = await core.Sql.TokenIndex.BeginAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            return Interceptor<ITokenIndexTransaction>.Before(
                real, method => method == nameof(ITokenIndexTransaction.CommitAsync) && Failovers == 0
                    ? CommitLateAsync(real, watched) : null);
        }

        private async Task CommitLateAsync(ITokenIndexTransaction transaction, Token watched)
        {
            Failovers++;
            await redis.KillAsync();
            await redis.RestartAsync();
            // The node is available again, and the record is the previous one.
            await RealServers.WaitUntilAsync(
                async () => (await core.Tokens.GetDataAsync(watched)).ShouldNotBeNull().Scopes.ShouldBe(AllScopes), "the record store");
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
    }
}
