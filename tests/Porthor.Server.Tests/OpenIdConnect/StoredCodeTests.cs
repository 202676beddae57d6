using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Storage;
using Porthor.Testing;
using Porthor.Tokens;
using StackExchange.Redis;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>
/// The stored codes: nodes of the reference can redeem codes of Porthor, and Porthor can redeem theirs (contract/oidc-server.md 6,
/// storage.md 3.5); one code gives one token, also with concurrent requests.
/// </summary>
public sealed class StoredCodeTests(OpenIdServers servers) : IClassFixture<OpenIdServers>
{
    /// <summary>OID-031. In cluster mode, the key is that of the reference, and it expires after an hour.</summary>
    [Theory, EveryMode]
    public async Task A_code_is_stored_as_the_reference_stores_it(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        var target = client.ReturnUri + "?q=\"é\"";
        var code = await server.CodeAsync(browser, client, ("redirect_uri", target), ("scope", "profile openid"), ("nonce", "N/1"));
        var plain = await server.CodeAsync(browser, client);

        (await DecryptedAsync(server, code)).ShouldBe(
            $$"""{"code":{"key":"{{code[3..25]}}","secret":"{{code[26..]}}"},"client_id":"{{client.Id}}","""
            + $$"""
            "redirect_uri":{{AnswerAssertions.Quoted(target)}},"token":{{Json(browser.Session)}},"created_at":{{server.Now}},
            """
            + """
            "scopes":["openid","profile"],"nonce":"N/1"}
            """);
        (await DecryptedAsync(server, plain)).ShouldEndWith(""","scopes":["openid"],"nonce":null}""");
        if (mode == Mode.Cluster)
        {
            var left = await RedisAsync(server, redis => redis.KeyTimeToLiveAsync($"oidc:{code[3..25]}"));
            left!.Value.TotalSeconds.ShouldBeInRange(3500, 3600);
            (await server.RedeemAsync(FormOf(client, plain))).StatusCode.ShouldBe(200);
            (await RedisAsync(server, redis => redis.KeyExistsAsync($"oidc:{plain[3..25]}"))).ShouldBeFalse();
        }
    }

    /// <summary>The values are those that a node of the reference writes, in each form that it reads.</summary>
    [Theory, EveryMode]
    public async Task A_code_of_the_reference_is_redeemed(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        foreach (var (members, scope) in new[]
        {
            ($",\"created_at\":{server.Now},\"scopes\":[\"email\",\"openid\"],\"nonce\":null", "email openid"),
            ("", "openid"),
            (",\"created_at\":1700000000,\"unknown\":1", "openid"),
        })
        {
            var halves = Token.Create();
            var code = "gc-" + halves.Reveal()[3..];
            await PutAsync(
                server, code, server.Host.Core.SessionKeys[0],
                $$"""
                {"client_id":"{{client.Id}}","code":{{Json(halves)}},"token":{{Json(browser.Session)}},
                 "redirect_uri":"{{client.ReturnUri}}"{{members}} }
                """);
            var answer = await server.RedeemAsync(FormOf(client, code));
            answer.StatusCode.ShouldBe(200, answer.Body);
            answer.Json.GetProperty("scope").GetString().ShouldBe(scope);
        }
    }

    /// <summary>OID-020: a value that is not a code gives the usual error and exactly one alert, which names its key.</summary>
    [Theory, EveryMode]
    public async Task An_unreadable_code_is_refused_and_reported(Mode mode)
    {
        await using var slack = new RecordingServer();
        await using var server = await ApiServer.StartAsync(
            mode,
            settings => OpenIdServers.WithProvider(settings) with
            {
                Slack = new SlackSettings(Webhook: new Secret(slack.Url.AbsoluteUri)),
            });
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        List<string> keys = [];
        string[] damaged = ["XXXXXXX", "{}", "[]", "{\"code\":1}", $"{{\"client_id\":\"{client.Id}\",\"scopes\":[\"admin\"]}}"];
        foreach (var text in damaged)
        {
            var code = await server.CodeAsync(browser, client);
            keys.Add($"oidc:{code[3..25]}");
            await PutAsync(server, code, text[0] == 'X' ? null : server.Host.Core.SessionKeys[0], text);
            var lines = server.CountLines();
            (await server.RedeemAsync(FormOf(client, code))).ShouldBeOAuthError("invalid_grant", "Invalid authorization code");
            server.LinesSince(lines, "Invalid authorization code").Single().GetProperty("error").GetString().ShouldBe(
                $"Cannot get authorization for {code[3..25]}: Cannot deserialize data for key oidc:{code[3..25]}");
            server.LinesSince(lines, "Cannot get authorization").Single().GetProperty("severity").GetString().ShouldBe("error");
        }
        // A value that was encrypted with a key of another deployment.
        var foreign = await server.CodeAsync(browser, client);
        await PutAsync(server, foreign, FernetKey.Create(), "{}");
        (await server.RedeemAsync(FormOf(client, foreign))).ShouldBeOAuthError("invalid_grant", "Invalid authorization code");
        keys.Add($"oidc:{foreign[3..25]}");
        await RealServers.WaitUntilAsync(
            () =>
            {
                slack.Requests.Count.ShouldBe(keys.Count);
                return Task.CompletedTask;
            },
            "the alerts");
        await server.Host.StopAsync();
        slack.Requests.Count.ShouldBe(keys.Count);
        foreach (var key in keys)
        {
            var message = slack.Requests.Select(request => JsonDocument.Parse(request.Text).RootElement.GetProperty("blocks"))
                .Single(blocks => blocks[0].GetProperty("text").GetProperty("text").GetString()
                    == $"Error in Gafaelfawr: Cannot deserialize data for key {key}");
            message[1].GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("text").GetString())
                .ShouldContain($"*Key*\n{key}");
        }
    }

    /// <summary>Two redemptions of one code give one token, on one node and on two.</summary>
    [Theory, EveryMode]
    public async Task Concurrent_redemptions_give_one_token(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        TestServer? second = mode == Mode.Embedded ? null : await TestServer.StartAsync(server.Host.Deployment, clock: server.Clock);
        try
        {
            TestServer[] nodes = second is null ? [server.Host] : [server.Host, second];
            for (var turn = 0; turn < 10; turn++)
            {
                var code = await server.CodeAsync(browser, client);
                var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(
                    i => nodes[i % nodes.Length].PostFormAsync(TokenPath, FormOf(client, code))));
                answers.Count(answer => answer.StatusCode == 200).ShouldBe(1, string.Join('\n', answers.Select(answer => answer.Body)));
                answers.Count(answer => answer.StatusCode == 400).ShouldBe(5);
            }
            var tokens = (await server.GetAsync("/users/ann/tokens", browser.Cookie)).Json.EnumerateArray()
                .Where(token => token.GetProperty("token_type").GetString() == "oidc")
                .Select(token => new TokenKey(token.GetProperty("token").GetString()!));
            var infos = await Task.WhenAll(tokens.Select(key => server.Host.Tokens.GetTokenInfoUncheckedAsync(key)));
            infos.Count(info => info!.Parent == browser.Key).ShouldBe(10);
        }
        finally
        {
            if (second is not null)
                await second.DisposeAsync();
        }
    }

    /// <summary>If the used code could not be removed from Redis, it cannot be used nevertheless.</summary>
    [Theory, EveryMode]
    public async Task A_used_code_that_was_not_removed_cannot_be_used(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        var stored = await DecryptedAsync(server, code);
        (await server.RedeemAsync(FormOf(client, code))).StatusCode.ShouldBe(200);
        await PutAsync(server, code, server.Host.Core.SessionKeys[0], stored);
        var lines = server.CountLines();
        (await server.RedeemAsync(FormOf(client, code))).ShouldBeOAuthError("invalid_grant", "Invalid authorization code");
        server.LinesSince(lines, "Invalid authorization code").Single().GetProperty("error").GetString()
            .ShouldBe($"Unknown authorization code {code[3..25]}");
    }

    private static IOneTimeStore CodesOf(ApiServer server) => server.Host.Core.AuthorizationCodes;

    private static async Task<string> DecryptedAsync(ApiServer server, string code)
    {
        byte[]? value = server.Mode == Mode.Cluster
            ? await RedisAsync(server, redis => redis.StringGetAsync($"oidc:{code[3..25]}"))
            : await CodesOf(server).GetAsync($"oidc:{code[3..25]}", TestContext.Current.CancellationToken);
        new Fernet(server.Host.Core.SessionKeys, server.Clock).TryDecrypt(value, out var json).ShouldBeTrue();
        return Encoding.UTF8.GetString(json);
    }

    /// <summary>Stores a value under the key of a code, as another program would.</summary>
    /// <param name="key">The key that encrypts the value; null to store it unencrypted.</param>
    private static async Task PutAsync(ApiServer server, string code, FernetKey? key, string text)
    {
        var value = key is null ? Encoding.UTF8.GetBytes(text) : new Fernet([key], server.Clock).Encrypt(Encoding.UTF8.GetBytes(text));
        var name = $"oidc:{code[3..25]}";
        if (server.Mode == Mode.Cluster)
        {
            await RedisAsync(server, redis => redis.StringSetAsync(name, value, TimeSpan.FromHours(1)));
            return;
        }
        await CodesOf(server).TakeAsync(name, TestContext.Current.CancellationToken);
        await CodesOf(server).TryAddAsync(name, value, TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
    }

    private static async Task<T> RedisAsync<T>(ApiServer server, Func<IDatabase, Task<T>> work)
    {
        await using var connection = await (await RealServers.Instance.RedisAsync()).ConnectAsync();
        return await work(connection.GetDatabase(server.Host.Deployment.Settings.EphemeralRedis!.Database));
    }

    private static string Json(Token token) => $$"""{"key":"{{token.Key}}","secret":"{{token.Reveal()[26..]}}"}""";
}
