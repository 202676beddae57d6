using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class IngressLogTests
{
    /// <summary>LOG-009, LOG-010.</summary>
    [Theory, EveryMode]
    public async Task A_new_child_is_logged_before_the_answer(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("parental-log", "read:all,read:some", TokenBuilders.SomeUser with { Groups = null });
        var ends = DateTimeOffset.FromUnixTimeSeconds(server.Now + Lifetime).ToLogText();
        foreach (var (query, text, more) in (IEnumerable<(string, string, string)>)[
            ("?notebook=true", "Created new notebook token", ""),
            ("?delegate_to=tap&delegate_scope=read:some&delegate_scope=read:all", "Created new internal token",
                "\"token_scopes\":[\"read:all\",\"read:some\"],\"token_service\":\"tap\",")])
        {
            var lineCount = server.CountLines();
            var child = (await server.AuthorizeAsync(query, TestServer.Bearer(browser.Session))).Header("X-Auth-Request-Token")!;
            var created = server.LinesSince(lineCount, text).Single();
            var fields = string.Join(',', created.EnumerateObject()
                .Where(field => field.Name.StartsWith("token_", StringComparison.Ordinal) && field.Name != "token_source")
                .Select(field => $"\"{field.Name}\":{field.Value.GetRawText()}"));
            fields.ShouldBe($$"""
                "token_key":"{{child[3..25]}}","token_expires":"{{ends}}",{{more}}
                "token_userinfo":{"name":"Some User","email":"someuser@example.com","uid":1000,"gid":2000}
                """.ReplaceLineEndings(""));
            Field(created, "user", "token", "severity").ShouldBe($"parental-log {browser.Key} info");
            server.LinesSince(lineCount, "Token authorized").Count.ShouldBe(1);
            // The second request creates no child.
            lineCount = server.CountLines();
            await server.AuthorizeAsync(query, TestServer.Bearer(browser.Session));
            server.LinesSince(lineCount, text).ShouldBeEmpty();
        }
    }
}
