using Porthor.Testing;
using Porthor.Tokens;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

/// <summary>The validation of every field in the bodies of the token routes (contract/api.md 3, 4.3, 5.6, 5.10; deviations 5).</summary>
public sealed partial class TokenBodyTests(ApiServers servers) : IClassFixture<ApiServers>
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
