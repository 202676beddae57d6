using Porthor.Testing;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

/// <summary>The validation errors of every path and query parameter (contract/api.md 3.1, 3.2, 4.3; WEAK-07).</summary>
public sealed partial class ParameterTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Username = "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";
    private const string Actor = $"{Username}|^<[a-z]+>$";
    private const string Cursor = "^p?[0-9]+_[0-9]+$";
    private const string Types = "'session', 'user', 'notebook', 'internal', 'service' or 'oidc'";
    private const string NotNumber = "Input should be a valid integer, unable to parse string as an integer";
    private const string NotDate = "Input should be a valid datetime or date";

    public static TheoryData<string, string, string, string, string?> InvalidValues() => new()
    {
        // parameter, value, type, message, context
        { "username", "", "string_too_short", "String should have at least 1 character", """{"min_length":1}""" },
        { "username", new string('a', 65), "string_too_long", "String should have at most 64 characters", """{"max_length":64}""" },
        { "username", new string('_', 65), "string_too_long", "String should have at most 64 characters", """{"max_length":64}""" },
        { "username", "<bootstrap>", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "username", "some-user\n", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "username", "some\0user", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "username", "1234567", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "actor", "", "string_too_short", "String should have at least 1 character", """{"min_length":1}""" },
        { "actor", Keys(65), "string_too_long", "String should have at most 64 characters", """{"max_length":64}""" },
        { "actor", new string('<', 64), "string_pattern_mismatch", $"String should match pattern '{Actor}'",
            $$"""{"pattern":"{{Actor}}"}""" },
        { "actor", "<Bootstrap>", "string_pattern_mismatch", $"String should match pattern '{Actor}'", $$"""{"pattern":"{{Actor}}"}""" },
        { "actor", "<>", "string_pattern_mismatch", $"String should match pattern '{Actor}'", $$"""{"pattern":"{{Actor}}"}""" },
        { "actor", "<internal>\n", "string_pattern_mismatch", $"String should match pattern '{Actor}'", $$"""{"pattern":"{{Actor}}"}""" },
        { "key", "", "string_too_short", "String should have at least 22 characters", """{"min_length":22}""" },
        { "key", new string('k', 21), "string_too_short", "String should have at least 22 characters", """{"min_length":22}""" },
        { "key", new string('k', 23), "string_too_long", "String should have at most 22 characters", """{"max_length":22}""" },
        { "key", new string('k', 21) + "\0", "value_error", "Value error, NUL characters are not allowed", """{"error":{}}""" },
        { "token_type", "", "enum", $"Input should be {Types}", $$"""{"expected":"{{Types}}"}""" },
        { "token_type", "Session", "enum", $"Input should be {Types}", $$"""{"expected":"{{Types}}"}""" },
        { "token_type", "session ", "enum", $"Input should be {Types}", $$"""{"expected":"{{Types}}"}""" },
        { "limit", "", "int_parsing", NotNumber, null },
        { "limit", "five", "int_parsing", NotNumber, null },
        { "limit", "1.5", "int_parsing", NotNumber, null },
        { "limit", "1e3", "int_parsing", NotNumber, null },
        { "limit", "+-5", "int_parsing", NotNumber, null },
        { "limit", "٥", "int_parsing", NotNumber, null },
        { "limit", "5\0", "int_parsing", NotNumber, null },
        { "limit", "1__0", "int_parsing", NotNumber, null },
        { "limit", "0", "greater_than_equal", "Input should be greater than or equal to 1", """{"ge":1}""" },
        { "limit", "-5", "greater_than_equal", "Input should be greater than or equal to 1", """{"ge":1}""" },
        { "limit", "9223372036854775808", "int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size", null },
        { "cursor", "", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "n5_5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "pp5_5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "-5_5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "5.5_5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "5_5_5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "5_5\n", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "cursor", "٥_5", "string_pattern_mismatch", $"String should match pattern '{Cursor}'", $$"""{"pattern":"{{Cursor}}"}""" },
        { "since", "", "datetime_from_date_parsing", $"{NotDate}, input is too short", """{"error":"input is too short"}""" },
        { "since", "2026-07-32", "datetime_from_date_parsing", $"{NotDate}, day value is outside expected range",
            """{"error":"day value is outside expected range"}""" },
        { "since", "2026-07-01T12:00:00 00:00", "datetime_from_date_parsing",
            $"{NotDate}, unexpected extra characters at the end of the input",
            """{"error":"unexpected extra characters at the end of the input"}""" },
        { "since", "0000-01-01", "datetime_from_date_parsing", $"{NotDate}, day value is outside expected range",
            """{"error":"day value is outside expected range"}""" },
        { "since", "-99999999999999999", "datetime_parsing",
            "Input should be a valid datetime, dates after 9999 are not supported as unix timestamps",
            """{"error":"dates after 9999 are not supported as unix timestamps"}""" },
        { "until", "999999999999999999999999999999", "datetime_parsing",
            "Input should be a valid datetime, dates after 9999 are not supported as unix timestamps",
            """{"error":"dates after 9999 are not supported as unix timestamps"}""" },
        { "until", "12345\0", "datetime_from_date_parsing", $"{NotDate}, input is too short", """{"error":"input is too short"}""" },
        { "until", "NaN", "datetime_from_date_parsing", $"{NotDate}, input is too short", """{"error":"input is too short"}""" },
    };

    [Theory]
    [MemberData(nameof(InvalidValues))]
    public async Task An_invalid_parameter_is_named(string name, string value, string type, string message, string? context)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var encoded = Uri.EscapeDataString(value);
        var error = Error(type, $"\"query\",\"{name}\"", message, Quoted(value), context);
        // Of two equal parameters the last one applies.
        (await server.GetAsync($"/history/token-changes?{name}={encoded}", server.Bootstrap)).ShouldBeInvalid(error);
        (await server.GetAsync($"/history/token-changes?{name}=1&{name}={encoded}", server.Bootstrap)).ShouldBeInvalid(error);
        var browser = await server.LogInAsync("viewer");
        // The history of one user has no parameters for the user and the actor.
        var own = await server.GetAsync($"/users/viewer/token-change-history?{name}={encoded}", browser.Cookie);
        if (name is "username" or "actor")
            own.StatusCode.ShouldBe(200);
        else
            own.ShouldBeInvalid(error);
    }

    /// <summary>Returns characters that are two UTF-16 code units and one code point.</summary>
    private static string Keys(int count) => string.Concat(Enumerable.Repeat("🔑", count));
}
