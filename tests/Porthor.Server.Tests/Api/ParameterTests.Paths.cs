using Porthor.Testing;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

public sealed partial class ParameterTests
{
    public static TheoryData<string, string, string, string> InvalidNames() => new()
    {
        { new string('a', 65), "string_too_long", "String should have at most 64 characters", """{"max_length":64}""" },
        { Keys(65), "string_too_long", "String should have at most 64 characters", """{"max_length":64}""" },
        { "in+valid", "string_pattern_mismatch", $"String should match pattern '{Username}'", $$"""{"pattern":"{{Username}}"}""" },
        { " some-user", "string_pattern_mismatch", $"String should match pattern '{Username}'", $$"""{"pattern":"{{Username}}"}""" },
        { "<bootstrap>", "string_pattern_mismatch", $"String should match pattern '{Username}'", $$"""{"pattern":"{{Username}}"}""" },
        { "in--valid", "string_pattern_mismatch", $"String should match pattern '{Username}'", $$"""{"pattern":"{{Username}}"}""" },
        { "ünvalid", "string_pattern_mismatch", $"String should match pattern '{Username}'", $$"""{"pattern":"{{Username}}"}""" },
        { "some-user\r\nX: y", "string_pattern_mismatch", $"String should match pattern '{Username}'", $$"""{"pattern":"{{Username}}"}""" },
    };

    [Theory]
    [MemberData(nameof(InvalidNames))]
    public async Task An_invalid_username_in_the_path_is_named(string username, string type, string message, string context)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("namer", "admin:token,user:token");
        var error = Error(type, "\"path\",\"username\"", message, Quoted(username), context);
        var encoded = Uri.EscapeDataString(username);
        var key = new string('k', 22);
        foreach (var path in (string[])[$"/users/{encoded}/tokens", $"/users/{encoded}/token-change-history",
            $"/users/{encoded}/tokens/{key}", $"/users/{encoded}/tokens/{key}/change-history"])
            (await server.GetAsync(path, browser.Cookie)).ShouldBeInvalid(error);
        (await server.PostAsync($"/users/{encoded}/tokens", new { token_name = "x" }, browser.WriteHeaders)).ShouldBeInvalid(error);
        (await server.PatchAsync($"/users/{encoded}/tokens/{key}", new { token_name = "x" }, browser.WriteHeaders)).ShouldBeInvalid(error);
        (await server.DeleteAsync($"/users/{encoded}/tokens/{key}", browser.WriteHeaders)).ShouldBeInvalid(error);
    }

    /// <summary>Any 22 characters are a possible key; texts of other lengths are not.</summary>
    [Theory, EveryMode]
    public async Task A_key_in_the_path_must_only_have_the_right_length(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("keyed", "admin:token,user:token");
        foreach (var text in (string[])[
            "", Keys(22), "' OR 1=1 --", "..", "\u0001\n\t\r\u007f\"\\<>&#;:@!$()", "a b+c?d=e", "\u202e\ufeffé"])
        {
            var key = text.Length < 44 ? text.PadRight(22, 'k') : text;
            var encoded = Uri.EscapeDataString(key);
            (await server.GetAsync($"/users/keyed/tokens/{encoded}", browser.Cookie)).ShouldBeNotFound();
            (await server.GetAsync($"/users/keyed/tokens/{encoded}/change-history", browser.Cookie)).ShouldBeNotFound();
            (await server.DeleteAsync($"/users/keyed/tokens/{encoded}", browser.WriteHeaders)).ShouldBeNotFound();
            (await server.PatchAsync($"/users/keyed/tokens/{encoded}", new { token_name = "x" }, browser.WriteHeaders)).ShouldBeNotFound();
        }
        foreach (var (key, type, message, context) in (IEnumerable<(string, string, string, string)>)[
            ("k", "string_too_short", "String should have at least 22 characters", """{"min_length":22}"""),
            (Keys(21), "string_too_short", "String should have at least 22 characters", """{"min_length":22}"""),
            (new('k', 23), "string_too_long", "String should have at most 22 characters", """{"max_length":22}""")])
            (await server.GetAsync($"/users/keyed/tokens/{Uri.EscapeDataString(key)}", browser.Cookie))
                .ShouldBeInvalid(Error(type, "\"path\",\"key\"", message, Quoted(key), context));
    }
}
