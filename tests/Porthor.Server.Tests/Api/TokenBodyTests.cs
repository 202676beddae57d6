using Porthor.Testing;
using Porthor.Tokens;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

/// <summary>The validation of every field in the bodies of the token routes (contract/api.md 3, 4.3, 5.6, 5.10; deviations 5).</summary>
public sealed class TokenBodyTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Username = "^[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*$";
    private const string Group = "^([a-zA-Z]|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z])[a-zA-Z0-9._-]*$";
    private const string NotText = "Input should be a valid string";
    private const string NotSet = "Input should be a valid set";
    private const string NotDate = "Input should be a valid datetime";
    private const string TooEarly = "Input should be greater than or equal to 1";
    private const string Fraction = "Input should be a valid integer, got a number with a fractional part";
    private const string NotNumber = "Input should be a valid integer, unable to parse string as an integer";
    private const string NoUnicode = "Input should be a valid string, unable to parse raw data as a unicode string";
    private const string TooLarge = "Unable to parse input string as an integer, exceeded maximum size";
    private const string Nul = "Value error, NUL characters are not allowed";
    private const string Types = "'session', 'user', 'notebook', 'internal', 'service' or 'oidc'";
    private const string Dictionary = "Input should be a valid dictionary or object to extract fields from";

    /// <summary>The routes with this field: create a user token, edit a token, and create a token as an administrator.</summary>
    private const string Everywhere = "own edit admin";

    public static TheoryData<string, string, string, string, string, string?> InvalidValues() => new()
    {
        // routes, field, value, type, message, context
        { Everywhere, "token_name", "\"\"", "string_too_short", "String should have at least 1 character", """{"min_length":1}""" },
        { Everywhere, "token_name", $"\"{new string('ü', 65)}\"", "string_too_long", "String should have at most 64 characters",
            """{"max_length":64}""" },
        { Everywhere, "token_name", "5", "string_type", NotText, null },
        { Everywhere, "token_name", "true", "string_type", NotText, null },
        { Everywhere, "token_name", "[\"x\"]", "string_type", NotText, null },
        { Everywhere, "token_name", "{\"x\":\"y\"}", "string_type", NotText, null },
        { Everywhere, "token_name", "\"a\\u0000b\"", "value_error", Nul, """{"error":{}}""" },
        { Everywhere, "token_name", "\"\\ud83d\"", "string_unicode", NoUnicode, null },
        { Everywhere, "scopes", "5", "set_type", NotSet, null },
        { Everywhere, "scopes", "false", "set_type", NotSet, null },
        { Everywhere, "scopes", "{\"read:all\":1}", "set_type", NotSet, null },
        { "own admin", "scopes", "null", "set_type", NotSet, null },
        { Everywhere, "expires", "true", "datetime_type", NotDate, null },
        { Everywhere, "expires", "[]", "datetime_type", NotDate, null },
        { Everywhere, "expires", "{}", "datetime_type", NotDate, null },
        { Everywhere, "expires", "\"\"", "datetime_from_date_parsing", $"{NotDate} or date, input is too short",
            """{"error":"input is too short"}""" },
        { Everywhere, "expires", "\"tomorrow!!\"", "datetime_from_date_parsing", $"{NotDate} or date, invalid character in year",
            """{"error":"invalid character in year"}""" },
        { Everywhere, "expires", "\"2030/01/01\"", "datetime_from_date_parsing", $"{NotDate} or date, invalid date separator, expected `-`",
            """{"error":"invalid date separator, expected `-`"}""" },
        { Everywhere, "expires", "\"2030-1x-01\"", "datetime_from_date_parsing", $"{NotDate} or date, invalid character in month",
            """{"error":"invalid character in month"}""" },
        { Everywhere, "expires", "\"2030-13-01\"", "datetime_from_date_parsing",
            $"{NotDate} or date, month value is outside expected range of 1-12",
            """{"error":"month value is outside expected range of 1-12"}""" },
        { Everywhere, "expires", "\"2030-01-0x\"", "datetime_from_date_parsing", $"{NotDate} or date, invalid character in day",
            """{"error":"invalid character in day"}""" },
        { Everywhere, "expires", "\"2030-02-29\"", "datetime_from_date_parsing", $"{NotDate} or date, day value is outside expected range",
            """{"error":"day value is outside expected range"}""" },
        { Everywhere, "expires", "\"2030-02-28T24:00:00Z\"", "datetime_from_date_parsing",
            $"{NotDate} or date, unexpected extra characters at the end of the input",
            """{"error":"unexpected extra characters at the end of the input"}""" },
        { Everywhere, "expires", "\"2030-02-28T23:59:60Z\"", "datetime_from_date_parsing",
            $"{NotDate} or date, unexpected extra characters at the end of the input",
            """{"error":"unexpected extra characters at the end of the input"}""" },
        { Everywhere, "expires", "1e18", "datetime_parsing", $"{NotDate}, dates after 9999 are not supported as unix timestamps",
            """{"error":"dates after 9999 are not supported as unix timestamps"}""" },
        { Everywhere, "expires", "1e400", "datetime_parsing", $"{NotDate}, dates after 9999 are not supported as unix timestamps",
            """{"error":"dates after 9999 are not supported as unix timestamps"}""" },
        { Everywhere, "expires", "\"9999999999999999999999999999999999999999\"", "datetime_parsing",
            $"{NotDate}, dates after 9999 are not supported as unix timestamps",
            """{"error":"dates after 9999 are not supported as unix timestamps"}""" },

        { "admin", "username", "\"\"", "string_too_short", "String should have at least 1 character", """{"min_length":1}""" },
        { "admin", "username", $"\"{new string('A', 65)}\"", "string_too_long", "String should have at most 64 characters",
            """{"max_length":64}""" },
        { "admin", "username", "\"a1\"", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "admin", "username", "\"some-user\\n\"", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "admin", "username", "\"some\\u0000user\"", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "admin", "username", "\"<internal>\"", "string_pattern_mismatch", $"String should match pattern '{Username}'",
            $$"""{"pattern":"{{Username}}"}""" },
        { "admin", "username", "null", "string_type", NotText, null },
        { "admin", "username", "5", "string_type", NotText, null },
        { "admin", "token_type", "null", "enum", $"Input should be {Types}", $$"""{"expected":"{{Types}}"}""" },
        { "admin", "token_type", "[]", "enum", $"Input should be {Types}", $$"""{"expected":"{{Types}}"}""" },
        { "admin", "name", "\"\"", "string_too_short", "String should have at least 1 character", """{"min_length":1}""" },
        { "admin", "name", "[]", "string_type", NotText, null },
        { "admin", "name", "\"\\u0000\"", "value_error", Nul, """{"error":{}}""" },
        { "admin", "email", "\"\"", "string_too_short", "String should have at least 1 character", """{"min_length":1}""" },
        { "admin", "email", "1.5", "string_type", NotText, null },
        { "admin", "uid", "0", "greater_than_equal", TooEarly, """{"ge":1}""" },
        { "admin", "uid", "-9223372036854775809", "greater_than_equal", TooEarly, """{"ge":1}""" },
        { "admin", "uid", "false", "greater_than_equal", TooEarly, """{"ge":1}""" },
        { "admin", "uid", "9223372036854775808", "int_parsing_size", TooLarge, null },
        { "admin", "uid", "1e400", "int_parsing_size", TooLarge, null },
        { "admin", "uid", "1.5", "int_from_float", Fraction, null },
        { "admin", "uid", "1e-40", "int_from_float", Fraction, null },
        { "admin", "uid", "\"1.5\"", "int_parsing", NotNumber, null },
        { "admin", "uid", "\"\"", "int_parsing", NotNumber, null },
        { "admin", "uid", "\"0x10\"", "int_parsing", NotNumber, null },
        { "admin", "uid", "\"1__0\"", "int_parsing", NotNumber, null },
        { "admin", "uid", "\"1e3\"", "int_parsing", NotNumber, null },
        { "admin", "uid", "[]", "int_type", "Input should be a valid integer", null },
        { "admin", "gid", "0", "greater_than_equal", TooEarly, """{"ge":1}""" },
        { "admin", "gid", "\"ten\"", "int_parsing", NotNumber, null },
        { "admin", "groups", "{}", "list_type", "Input should be a valid list", null },
        { "admin", "groups", "\"foo\"", "list_type", "Input should be a valid list", null },
    };

    [Theory]
    [MemberData(nameof(InvalidValues))]
    public async Task An_invalid_field_is_named_and_nothing_is_created(
        string routes, string field, string value, string type, string message, string? context)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var (browser, token) = await OwnerAsync(server);
        foreach (var route in routes.Split(' '))
        {
            // The other fields are valid. The body contains spaces, which errors do not repeat.
            Dictionary<string, string> body = route switch
            {
                "admin" => new() { ["username"] = "\"body-owner\"", ["token_type"] = "\"user\"", ["token_name"] = "\"other\"" },
                "own" => new() { ["token_name"] = "\"other\"" },
                _ => [],
            };
            body[field] = value;
            var json = $"{{ {string.Join(" ,\n", body.Select(entry => $"\"{entry.Key}\" : {entry.Value}"))}\t}}";
            var answer = route switch
            {
                "admin" => await server.PostAsync("/tokens", json, server.Bootstrap),
                "own" => await server.PostAsync("/users/body-owner/tokens", json, browser.WriteHeaders),
                _ => await server.PatchAsync($"/users/body-owner/tokens/{token.Key}", json, browser.WriteHeaders),
            };
            answer.ShouldBeInvalid(Error(type, $"\"body\",\"{field}\"", message, value, context));
        }
        (await server.GetAsync("/users/body-owner/tokens", browser.Cookie)).Json.GetArrayLength().ShouldBe(2);
        (await server.GetAsync($"/users/body-owner/tokens/{token.Key}/change-history", browser.Cookie)).Json.GetArrayLength().ShouldBe(1);
    }

    [Theory]
    // Missing fields, with the body as it was parsed.
    [InlineData("{ }", "missing", "\"body\",\"username\"", "Field required", "{}", "missing", "\"body\",\"token_type\"",
        "Field required", "{}")]
    [InlineData("{ \"n\\u00e4me\" : [ 1 , {\"\\ud83d\\ude00\":\"\\t\\/\"} ] }", "missing", "\"body\",\"username\"", "Field required",
        """{"näme":[1,{"😀":"\t/"}]}""", "missing", "\"body\",\"token_type\"", "Field required", """{"näme":[1,{"😀":"\t/"}]}""")]
    [InlineData("{\"username\":\"a-user\",\"token_type\":\"user\",\"token_name\":\"\"}", "string_too_short", "\"body\",\"token_name\"",
        "String should have at least 1 character", "\"\"")]
    // Elements of groups and scopes, each with its index.
    [InlineData("""{"username":"bot-x","token_type":"service","groups":[{"name":"a","id":1},{"name":"5"},{"id":"x","name":""},7]}""",
        "string_pattern_mismatch", "\"body\",\"groups\",1,\"name\"", $"String should match pattern '{Group}'", "\"5\"",
        "missing", "\"body\",\"groups\",1,\"id\"", "Field required", """{"name":"5"}""",
        "string_too_short", "\"body\",\"groups\",2,\"name\"", "String should have at least 1 character", "\"\"",
        "int_parsing", "\"body\",\"groups\",2,\"id\"", NotNumber, "\"x\"",
        "model_attributes_type", "\"body\",\"groups\",3", Dictionary, "7")]
    [InlineData("""{"username":"bot-x","token_type":"service","scopes":["read:all",1,null,["x"],{},true]}""",
        "string_type", "\"body\",\"scopes\",3", NotText, "[\"x\"]", "string_type", "\"body\",\"scopes\",4", NotText, "{}")]
    // Bodies that are not objects.
    [InlineData("null", "missing", "\"body\"", "Field required", "null")]
    [InlineData("[ ]", "model_attributes_type", "\"body\"", Dictionary, "[]")]
    [InlineData("\"x\"", "model_attributes_type", "\"body\"", Dictionary, "\"x\"")]
    [InlineData("5", "model_attributes_type", "\"body\"", Dictionary, "5")]
    [InlineData("", "missing", "\"body\"", "Field required", "null")]
    public async Task All_errors_of_a_body_are_reported_in_order(string body, params string[] errors)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.PostAsync("/tokens", body, server.Bootstrap)).ShouldBeInvalid(
            [.. errors.Chunk(4).Select(error => Error(error[0], error[1], error[2], error[3], error[0] switch
            {
                "string_pattern_mismatch" => $$"""{"pattern":"{{Group}}"}""",
                "string_too_short" => """{"min_length":1}""",
                _ => null,
            }))]);
    }

    [Theory, EveryMode]
    public async Task Values_at_the_limits_are_accepted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var number = 0;
        foreach (var (fields, expected) in (IEnumerable<(string, string)>)[
            ("\"uid\":9223372036854775807,\"gid\":1", "\"uid\":9223372036854775807,\"gid\":1,\"groups\":[]"),
            ("\"uid\":\" +1_0.0 \",\"gid\":7.0", "\"uid\":10,\"gid\":7,\"groups\":[]"),
            ("\"uid\":true,\"gid\":\"007\"", "\"uid\":1,\"gid\":7,\"groups\":[]"),
            ("\"groups\":[]", "\"groups\":[]"), ("\"groups\":[{\"name\":\"A.b_c-9\",\"id\":-9223372036854775808}]",
                "\"groups\":[{\"name\":\"A.b_c-9\",\"id\":-9223372036854775808}]"),
            // Of two equal fields the last one applies, and unknown fields are ignored.
            ("\"name\":\"first\",\"name\":\"\\u00e9 \\ud83d\\ude00 \\\" \\\\ \\u0001\",\"nonsense\":{\"x\":[]}",
                "\"name\":\"é 😀 \\\" \\\\ \\u0001\",\"groups\":[]"),
            ($"\"name\":\"{new string('n', 5000)}\",\"email\":\" \"",
                $"\"name\":\"{new string('n', 5000)}\",\"email\":\" \",\"groups\":[]")])
        {
            var username = $"edge-{new string('x', 55)}{(char)('a' + number)}";
            var name = string.Concat(Enumerable.Repeat("😀", 63)) + (char)('a' + number++);
            var answer = await server.PostAsync(
                "/tokens", $"{{\"username\":\"{username}\",\"token_type\":\"user\",\"token_name\":\"{name}\",{fields}}}", server.Bootstrap);
            answer.StatusCode.ShouldBe(201, answer.Body);
            var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
            (await server.GetAsync("/user-info", TestServer.Bearer(token))).ShouldBe(200, $"{{\"username\":\"{username}\",{expected}}}");
            (await server.GetAsync("/token-info", TestServer.Bearer(token))).Json.GetProperty("token_name").GetString().ShouldBe(name);
        }
    }

    /// <summary>All formats of a time, without fractions of a second (contract/api.md 3.4).</summary>
    [Theory, EveryMode]
    public async Task An_expiration_is_accepted_in_all_formats_of_a_time(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("ender");
        const long end = 1_900_000_000; // 2030-03-17T17:46:40Z
        foreach (var (index, (form, expected)) in Ends.Index())
        {
            var answer = await server.PostAsync(
                "/users/ender/tokens", $"{{\"token_name\":\"{index}\",\"expires\":{form}}}", browser.WriteHeaders);
            answer.StatusCode.ShouldBe(201, form);
            var token = Token.Parse(answer.Json.GetProperty("token").GetString()!);
            var info = await server.GetAsync("/token-info", TestServer.Bearer(token));
            info.StatusCode.ShouldBe(200, form);
            info.Json.GetProperty("expires").GetInt64().ShouldBe(end + expected, form);
        }
    }

    private static readonly (string Form, long Expected)[] Ends =
    [
        ("1900000000", 0), ("1900000000.999999", 0), ("\"1900000000\"", 0), ("\"+1900000000.5\"", 0), ("1.9e9", 0), ("1900000000000", 0),
        ("\"1900000000999\"", 0),
        ("\"2030-03-17T17:46:40Z\"", 0), ("\"2030-03-17t17:46:40.123456789z\"", 0), ("\"2030-03-17 17:46:40,5\"", 0),
        ("\"2030-03-17_17:46:40\"", 0),
        ("\"2030-03-17T19:46:40+02:00\"", 0), ("\"2030-03-17T12:16:40-0530\"", 0), ("\"2030-03-17T17:46\"", -40),
        ("\"2030-03-17T17:46+00:00\"", -40),
        ("\"2030-03-17\"", -(17 * 3600) - (46 * 60) - 40), ("253402300799000", 253402300799 - 1_900_000_000),
        ("\"9999-12-31T23:59:59.999999Z\"", 253402300799 - 1_900_000_000),
    ];

    private static async Task<(Browser Browser, Token Token)> OwnerAsync(ApiServer server)
    {
        if (owner is null || owner.Value.Server != server)
        {
            var browser = await server.LogInAsync("body-owner", "admin:token,read:all,user:token");
            owner = (server, browser, await server.CreateTokenAsync(browser, "one"));
        }
        return (owner.Value.Browser, owner.Value.Token);
    }

    private static (ApiServer Server, Browser Browser, Token Token)? owner;
}
