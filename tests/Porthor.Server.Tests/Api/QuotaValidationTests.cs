using Porthor.Testing;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Api;

/// <summary>The validation of quota overrides, field by field (contract/api.md 3.2, 4.3, 5.5).</summary>
public sealed class QuotaValidationTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Path = "/quota-overrides";

    [Theory]
    [InlineData("""{"defualt":{}}""", "extra_forbidden", "\"body\",\"defualt\"", "Extra inputs are not permitted", "{}")]
    [InlineData("""{"default":{"cpu":1}}""", "extra_forbidden", "\"body\",\"default\",\"cpu\"", "Extra inputs are not permitted", "1")]
    [InlineData("""{"default":{"notebook":{"cpu":1,"memory":1,"x":[1]}}}""", "extra_forbidden", "\"body\",\"default\",\"notebook\",\"x\"",
        "Extra inputs are not permitted", "[1]")]
    [InlineData("""{"default":{"tap":{"q":{"concurrent":1,"max":2}}}}""", "extra_forbidden", "\"body\",\"default\",\"tap\",\"q\",\"max\"",
        "Extra inputs are not permitted", "2")]
    [InlineData("""{"default":null}""", "model_attributes_type", "\"body\",\"default\"",
        "Input should be a valid dictionary or object to extract fields from", "null")]
    [InlineData("""{"default":[]}""", "model_attributes_type", "\"body\",\"default\"",
        "Input should be a valid dictionary or object to extract fields from", "[]")]
    [InlineData("""{"groups":[]}""", "dict_type", "\"body\",\"groups\"", "Input should be a valid dictionary", "[]")]
    [InlineData("""{"groups":{"g":5}}""", "model_attributes_type", "\"body\",\"groups\",\"g\"",
        "Input should be a valid dictionary or object to extract fields from", "5")]
    [InlineData("""{"bypass":"x"}""", "set_type", "\"body\",\"bypass\"", "Input should be a valid set", "\"x\"")]
    [InlineData("""{"bypass":null}""", "set_type", "\"body\",\"bypass\"", "Input should be a valid set", "null")]
    [InlineData("""{"bypass":["x",5]}""", "string_type", "\"body\",\"bypass\",1", "Input should be a valid string", "5")]
    [InlineData("""{"default":{"api":{"x":null}}}""", "int_type", "\"body\",\"default\",\"api\",\"x\"",
        "Input should be a valid integer", "null")]
    [InlineData("""{"default":{"api":{"x":1.5}}}""", "int_from_float", "\"body\",\"default\",\"api\",\"x\"",
        "Input should be a valid integer, got a number with a fractional part", "1.5")]
    [InlineData("""{"default":{"disk":{"/home":"1GB"}}}""", "int_parsing", "\"body\",\"default\",\"disk\",\"/home\"",
        "Input should be a valid integer, unable to parse string as an integer", "\"1GB\"")]
    [InlineData("""{"default":{"tap":{"q":{}}}}""", "missing", "\"body\",\"default\",\"tap\",\"q\",\"concurrent\"", "Field required", "{}")]
    [InlineData("""{"default":{"tap":{"q":5}}}""", "model_attributes_type", "\"body\",\"default\",\"tap\",\"q\"",
        "Input should be a valid dictionary or object to extract fields from", "5")]
    [InlineData("""{"default":{"notebook":{"cpu":1}}}""", "missing", "\"body\",\"default\",\"notebook\",\"memory\"", "Field required",
        """{"cpu":1}""")]
    [InlineData("""{"default":{"notebook":{"cpu":"x","memory":1}}}""", "float_parsing", "\"body\",\"default\",\"notebook\",\"cpu\"",
        "Input should be a valid number, unable to parse string as a number", "\"x\"")]
    [InlineData("""{"default":{"notebook":{"cpu":"NaN","memory":1}}}""", "float_parsing", "\"body\",\"default\",\"notebook\",\"cpu\"",
        "Input should be a valid number, unable to parse string as a number", "\"NaN\"")]
    [InlineData("""{"default":{"notebook":{"cpu":"1\u0000","memory":1}}}""", "float_parsing", "\"body\",\"default\",\"notebook\",\"cpu\"",
        "Input should be a valid number, unable to parse string as a number", "\"1\\u0000\"")]
    [InlineData("""{"default":{"notebook":{"cpu":null,"memory":1}}}""", "float_type", "\"body\",\"default\",\"notebook\",\"cpu\"",
        "Input should be a valid number", "null")]
    [InlineData("""{"default":{"notebook":{"cpu":1,"memory":1,"spawn":"maybe"}}}""", "bool_parsing",
        "\"body\",\"default\",\"notebook\",\"spawn\"", "Input should be a valid boolean, unable to interpret input", "\"maybe\"")]
    [InlineData("""{"default":{"notebook":{"cpu":1,"memory":1,"spawn":2}}}""", "bool_parsing",
        "\"body\",\"default\",\"notebook\",\"spawn\"", "Input should be a valid boolean, unable to interpret input", "2")]
    [InlineData("""{"default":{"notebook":{"cpu":1,"memory":1,"spawn":null}}}""", "bool_type",
        "\"body\",\"default\",\"notebook\",\"spawn\"", "Input should be a valid boolean", "null")]
    public async Task An_invalid_quota_is_rejected_with_its_location(
        string body, string type, string location, string message, string input)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.PutAsync(Path, body, server.Bootstrap)).ShouldBeInvalid(Error(type, location, message, input));
        (await server.GetAsync(Path, (await server.LogInAsync("quota-looker")).Cookie)).StatusCode.ShouldBe(404);
    }

    /// <summary>At each level, errors of known fields come first, in the order of the fields. Errors of unknown fields follow.</summary>
    [Fact]
    public async Task All_validation_errors_are_reported_at_once()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        const string body = """{"x":1,"bypass":5,"default":{"y":2,"tap":[],"notebook":{"z":3,"cpu":1}}}""";
        (await server.PutAsync(Path, body, server.Bootstrap)).ShouldBeInvalid(
            Error("missing", "\"body\",\"default\",\"notebook\",\"memory\"", "Field required", """{"z":3,"cpu":1}"""),
            Error("extra_forbidden", "\"body\",\"default\",\"notebook\",\"z\"", "Extra inputs are not permitted", "3"),
            Error("dict_type", "\"body\",\"default\",\"tap\"", "Input should be a valid dictionary", "[]"),
            Error("extra_forbidden", "\"body\",\"default\",\"y\"", "Extra inputs are not permitted", "2"),
            Error("set_type", "\"body\",\"bypass\"", "Input should be a valid set", "5"),
            Error("extra_forbidden", "\"body\",\"x\"", "Extra inputs are not permitted", "1"));
    }

    /// <summary>Tests all spellings of true and false.</summary>
    [Theory]
    [InlineData(true, "true", "1", "\"true\"", "\"YES\"", "\"on\"", "\"T\"", "\"y\"", "\"1\"")]
    [InlineData(false, "false", "0", "\"False\"", "\"no\"", "\"OFF\"", "\"f\"", "\"N\"", "\"0\"")]
    public async Task Spawn_is_accepted_in_all_boolean_formats(bool expected, params string[] spellings)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        foreach (var spelling in spellings)
        {
            var answer = await server.PutAsync(
                Path, """{"default":{"notebook":{"cpu":1,"memory":1,"spawn":""" + spelling + "}}}", server.Bootstrap);
            answer.StatusCode.ShouldBe(200, spelling);
            answer.Json.GetProperty("default").GetProperty("notebook").GetProperty("spawn").GetBoolean().ShouldBe(expected, spelling);
        }
        (await server.DeleteAsync(Path, server.Bootstrap)).ShouldBeNoContent();
    }
}
