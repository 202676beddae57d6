using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests;

/// <summary>
/// Takes over a deployment of the reference: every token, the history, the session cookies, and the children. The data are not part of the
/// repository; without them these tests are skipped.
/// </summary>
public sealed partial class TakeOverTests
{
    private static readonly string? Folder = Find("shared/fixtures/existing-deployment");

    [Fact]
    public async Task A_deployment_of_the_reference_continues_to_work()
    {
        Assert.SkipWhen(Folder is null, "The data of an existing deployment is not beside this repository.");
        Prerequisites.SkipWithout(Mode.Cluster);
        using var fixture = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder!, "tokens.json")));
        await using var server = await TakeOverAsync(fixture.RootElement);

        // Every token gets the same answers as before.
        foreach (var entry in fixture.RootElement.GetProperty("tokens").EnumerateObject())
        {
            var answer = await server.GetAsync(
                "/auth/api/v1/token-info", TestServer.Bearer(Token.Parse(entry.Value.GetProperty("token").GetString()!)));
            var expected = entry.Value.GetProperty("token-info");
            if (expected.ValueKind == JsonValueKind.Null)
                answer.StatusCode.ShouldBe(401, entry.Name);
            else
                Canonical(answer.Json).ShouldBe(Canonical(expected), entry.Name);
        }

        // The history and the user data are the same.
        var history = await server.GetAsync("/auth/api/v1/history/token-changes", server.Bootstrap);
        Canonical(history.Json).ShouldBe(Canonical(fixture.RootElement.GetProperty("history")));
        var carla = TokenOf(fixture, "administrator-made user token with its own user data");
        var user = await server.GetAsync("/auth/api/v1/user-info", TestServer.Bearer(carla));
        Canonical(user.Json).ShouldBe(Canonical(fixture.RootElement.GetProperty("user-info of carla")));

        // The session cookies belong to the same users.
        var bob = TokenOf(fixture, "session of bob");
        var login = await server.GetAsync("/auth/api/v1/login", server.Cookie(new SessionState { Token = bob }));
        login.Json.GetProperty("username").GetString().ShouldBe("bob");

        // Existing children are returned again.
        var caller = await server.Tokens.CallerAsync(bob);
        (await server.Tokens.GetNotebookTokenAsync(caller)).ShouldBe(TokenOf(fixture, "notebook token of bob's session"));
        var laptop = await server.Tokens.CallerAsync(TokenOf(fixture, "user token, expires in 2100"));
        (await server.Tokens.GetInternalTokenAsync(laptop, "portal", ScopeSet.Of("read:all", "exec:notebook")))
            .ShouldBe(TokenOf(fixture, "internal token of the laptop token, two scopes"));

        // The audit finds nothing at first, and then the inconsistencies that the test created.
        (await server.Audit.RunAsync(fix: false).ToListAsync()).ShouldBeEmpty();
        var orphan = await CreateOrphanAsync(server);
        (await server.Audit.RunAsync(fix: false).ToListAsync()).Single().Text
            .ShouldBe($"Token `{orphan}` for `nobody` found in Redis but not database");
    }

    [Fact]
    public async Task The_reference_can_read_new_data()
    {
        Assert.SkipWhen(Folder is null, "The data of an existing deployment is not beside this repository.");
        Prerequisites.SkipWithout(Mode.Cluster);
        using var fixture = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder!, "tokens.json")));
        await using var server = await TakeOverAsync(fixture.RootElement);

        var expires = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeSeconds();
        var answer = await server.PostAsync(
            "/auth/api/v1/tokens",
            new
            {
                username = "dana",
                token_type = "user",
                token_name = "ключ",
                scopes = (string[])["read:all", "exec:notebook"],
                expires,
                name = "Dana Ünï \"D\" 🔑",
                groups = (object[])[new { name = "zeta", id = 70 }],
            },
            server.Bootstrap);
        var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);

        var redis = await RedisOfAsync(server);
        var key = $"token:{token.Key}";
        var value = (byte[])(await redis.StringGetAsync(key))!;
        var keys = FernetKey.TryParse(fixture.RootElement.GetProperty("sessionSecret").GetString())!;
        new Fernet([keys], TimeProvider.System).TryDecrypt(value, out var json).ShouldBeTrue();
        var created = JsonDocument.Parse(json).RootElement.GetProperty("created").GetInt64();
        Encoding.UTF8.GetString(json).ShouldBe(
            $$$"""
            {"username":"dana","name":"Dana Ünï \"D\" 🔑","email":null,"uid":null,"gid":null,"groups":[{"name":"zeta","id":70}],
            "token_type":"user","service":null,"scopes":["exec:notebook","read:all"],"created":{{{created}}},"expires":{{{expires}}},
            "token":{"key":"{{{token.Key}}}","secret":"{{{token.Reveal()[26..]}}}"}}
            """.ReplaceLineEndings(""));
        var ttl = (await redis.KeyTimeToLiveAsync(key))!.Value;
        ttl.TotalSeconds.ShouldBeInRange(86400 - 20, 86400);
    }

    private static Token TokenOf(JsonDocument fixture, string name) =>
        Token.Parse(fixture.RootElement.GetProperty("tokens").GetProperty(name).GetProperty("token").GetString()!);

    /// <summary>Returns JSON with sorted fields, for comparisons.</summary>
    private static string Canonical(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', json.EnumerateObject().OrderBy(field => field.Name, StringComparer.Ordinal)
            .Select(field => $"{field.Name}:{Canonical(field.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(',', json.EnumerateArray().Select(Canonical)) + "]",
        JsonValueKind.Number => json.GetDecimal().ToString("0.####", System.Globalization.CultureInfo.InvariantCulture),
        JsonValueKind.String => $"\"{json.GetString()}\"",
        _ => json.GetRawText(),
    };

    private static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, relative)))
                return Path.Combine(folder.FullName, relative);
        }
        return null;
    }
}
