using System.Text.Json;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// Validates responses against the OpenAPI document: status, content type, headers, and the body with the JSON Schema keywords that the
/// document uses. Any other keyword is an error, and so is a field that is not described.
/// </summary>
internal sealed class SchemaValidator(JsonElement document)
{
    private static readonly string[] Annotations = ["description", "examples", "default", "format", "title"];

    /// <summary>Response headers that API clients use.</summary>
    private static readonly string[] Headers =
        ["Location", "Link", "X-Total-Count", "WWW-Authenticate", "Retry-After", "Warning", "X-Error-Status", "X-Error-Body", "Expires"];

    /// <param name="template">The path in the OpenAPI document.</param>
    public void Check(string method, string template, Answer answer)
    {
        var where = $"{method} {template} {answer.StatusCode}";
        var responses = document.GetProperty("paths").GetProperty(template).GetProperty(method.ToLowerInvariant()).GetProperty("responses");
        (responses.TryGetProperty($"{answer.StatusCode}", out var response) || responses.TryGetProperty("default", out response))
            .ShouldBeTrue($"{where} is described");
        foreach (var header in Headers.Where(answer.Headers.ContainsKey))
        {
            (response.TryGetProperty("headers", out var described) && described.TryGetProperty(header, out _))
                .ShouldBeTrue($"{where}: {header} is described");
        }
        if (answer.Body.Length == 0)
            return;
        var type = answer.Header("Content-Type")!.Split(';')[0];
        response.GetProperty("content").TryGetProperty(type, out var content).ShouldBeTrue($"{where}: {type} is described");
        if (type == "application/json")
            Errors(content.GetProperty("schema"), answer.Json, where).ShouldBeEmpty(answer.Body);
    }

    private IEnumerable<string> Errors(JsonElement schema, JsonElement value, string where)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            var errors = keyword.Name switch
            {
                "$ref" => Errors(
                    document.GetProperty("components").GetProperty("schemas").GetProperty(keyword.Value.GetString()!.Split('/')[^1]), value,
                    where),
                "type" => IsOf(keyword.Value, value) ? [] : [$"{where}: {value.GetRawText()} is not of type {keyword.Value}"],
                "enum" => keyword.Value.EnumerateArray()
                    .Any(one => one.GetRawText() == value.GetRawText()) ? [] : [$"{where}: {value} is none of the names"],
                "anyOf" => keyword.Value.EnumerateArray()
                    .Any(one => !Errors(one, value, where).Any()) ? [] : [$"{where}: {value} meets no schema"],
                "oneOf" => keyword.Value.EnumerateArray().Count(one => !Errors(one, value, where).Any()) == 1
                    ? [] : [$"{where}: {value} does not meet exactly one schema"],
                "items" when value.ValueKind == JsonValueKind.Array => value.EnumerateArray().SelectMany(
                    (item, index) => Errors(keyword.Value, item, $"{where}[{index}]")),
                "required" when value.ValueKind == JsonValueKind.Object =>
                    keyword.Value.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _))
                        .Select(name => $"{where}: {name} is missing"),
                "properties" when value.ValueKind == JsonValueKind.Object => value.EnumerateObject().SelectMany(field =>
                    keyword.Value.TryGetProperty(field.Name, out var described) ? Errors(described, field.Value, $"{where}.{field.Name}")
                        : [$"{where}: {field.Name} is not described"]),
                "additionalProperties" when value.ValueKind == JsonValueKind.Object =>
                    value.EnumerateObject().SelectMany(field => Errors(keyword.Value, field.Value, $"{where}.{field.Name}")),
                "items" or "required" or "properties" or "additionalProperties" => [],
                _ => Annotations.Contains(keyword.Name)
                    ? [] : (IEnumerable<string>)[$"{where}: {keyword.Name} is no keyword that this validator knows"],
            };
            foreach (var error in errors)
                yield return error;
        }
    }

    private static bool IsOf(JsonElement types, JsonElement value)
    {
        var names = types.ValueKind == JsonValueKind.Array ? types.EnumerateArray().Select(type => type.GetString()) : [types.GetString()];
        return names.Any(name => value.ValueKind switch
        {
            JsonValueKind.Null => name == "null",
            JsonValueKind.String => name == "string",
            JsonValueKind.True or JsonValueKind.False => name == "boolean",
            JsonValueKind.Number => name == "number" || (name == "integer" && value.TryGetInt64(out _)),
            JsonValueKind.Array => name == "array",
            _ => name == "object",
        });
    }
}
