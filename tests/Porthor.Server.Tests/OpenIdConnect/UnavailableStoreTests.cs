using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>
/// Requests while a store is unavailable: the answer is 503 <c>temporarily_unavailable</c>, no grant is refused, and no code is used up.
/// </summary>
public sealed class UnavailableStoreTests
{
    /// <summary>In cluster mode the codes and the records are in Redis.</summary>
    [Fact]
    public async Task A_Redis_that_does_not_respond_does_not_use_up_codes()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var redis = await RedisServerProcess.StartOwnAsync();
        await using var server = await ApiServer.StartAsync(Mode.Cluster, OpenIdServers.WithProvider, redis);
        await ShouldAnswer503Async(
            server,
            () =>
            {
                redis.Pause();
                return Task.CompletedTask;
            },
            () =>
            {
                redis.Resume();
                return Task.CompletedTask;
            });
    }

    /// <summary>Clients, codes and rows are in PostgreSQL in database mode; in cluster mode only clients and rows.</summary>
    [Theory]
    [InlineData(Mode.Database)]
    [InlineData(Mode.Cluster)]
    public async Task A_database_that_does_not_respond_does_not_use_up_codes(Mode mode)
    {
        Prerequisites.SkipWithout(mode);
        var postgres = await RealServers.Instance.PostgresAsync();
        await using var proxy = new FaultInjectingProxy(postgres.Port);
        await using var server = await ApiServer.StartAsync(
            mode,
            settings => OpenIdServers.WithProvider(settings) with
            {
                DatabaseConnection = new Secrets.Secret(settings.DatabaseConnection!.Reveal().Replace(
                    $"Port={postgres.Port}", $"Port={proxy.Port}", StringComparison.OrdinalIgnoreCase)),
            });
        server.Host.Core.Settings.DatabaseConnection!.Reveal().ShouldContain($"{proxy.Port}");
        await ShouldAnswer503Async(
            server,
            () =>
            {
                proxy.RefusesConnections = true;
                proxy.ResetConnections();
                return Task.CompletedTask;
            },
            () =>
            {
                proxy.RefusesConnections = false;
                return Task.CompletedTask;
            });
    }

    private static async Task ShouldAnswer503Async(ApiServer server, Func<Task> fail, Func<Task> restore)
    {
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var code = await server.CodeAsync(browser, client);
        var form = FormOf(client, code);
        var answer = await server.RedeemAsync(FormOf(client, await server.CodeAsync(browser, client)));
        var access = Tokens.Token.Parse(answer.Json.GetProperty("access_token").GetString()!);

        await fail();
        foreach (var unavailable in new[]
        {
            await server.RedeemAsync(form), await server.AuthorizeAsync(browser, RequestOf(client)), await server.RedeemAsync(form),
        })
        {
            unavailable.StatusCode.ShouldBe(503, unavailable.Body);
            unavailable.Json.GetProperty("error").GetString().ShouldBe("temporarily_unavailable");
            unavailable.Header("Retry-After").ShouldBe("1");
            unavailable.Header("Location").ShouldBeNull();
        }
        // A request that needs no store is still answered.
        (await server.RedeemAsync([])).ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.SendAsync(HttpMethod.Get, "/.well-known/jwks.json")).StatusCode.ShouldBe(200);

        await restore();
        await RealServers.WaitUntilAsync(
            async () => (await server.UserInfoAsync(TestServer.Bearer(access))).StatusCode.ShouldBe(200), "the stores");
        await RealServers.WaitUntilAsync(
            async () =>
            {
                answer = await server.RedeemAsync(form);
                answer.StatusCode.ShouldNotBe(503, answer.Body);
            },
            "the redemption");
        answer.StatusCode.ShouldBe(200, answer.Body);
    }
}
