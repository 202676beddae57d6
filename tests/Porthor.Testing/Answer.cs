using System.Net;
using System.Text.Json;

namespace Porthor.Testing;

/// <summary>A response with its complete body.</summary>
public sealed record Answer(HttpStatusCode Status, string Body, IReadOnlyDictionary<string, IReadOnlyList<string>> Headers)
{
    public int StatusCode => (int)Status;

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The first error of the response; most error responses have only one.</summary>
    public JsonElement Detail =>
        Json.GetProperty("detail") is { ValueKind: JsonValueKind.Array } list ? list[0] : Json.GetProperty("detail");

    public string? DetailType => Detail.GetProperty("type").GetString();

    public string? DetailMessage => Detail.GetProperty("msg").GetString();

    /// <summary>The location of the error, its parts joined by dots; null if the response has none.</summary>
    public string? DetailLocation => Detail.TryGetProperty("loc", out var loc) ? string.Join('.', loc.EnumerateArray()) : null;

    /// <summary>Returns the only value of a header; null if the header is missing.</summary>
    public string? Header(string name) => Headers.TryGetValue(name, out var values) ? values.Single() : null;

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        // Reads the headers unparsed: parsing would change their order and form.
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .ToDictionary(header => header.Key, IReadOnlyList<string> (header) => [.. header.Value], StringComparer.OrdinalIgnoreCase);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), headers);
    }
}
