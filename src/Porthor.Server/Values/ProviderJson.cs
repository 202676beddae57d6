using System.Text.Json;

namespace Porthor.Server.Values;

/// <summary>Reads JSON from login providers, which can contain anything.</summary>
internal static class ProviderJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>
    /// Parses a text. Returns null if it is not JSON, contains a member twice or invalid text, or is nested more than 64 levels deep.
    /// </summary>
    public static JsonElement? TryParse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            if (utf8.Span.Contains((byte)'\\'))
                ReadStrings(utf8.Span);
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads all names and texts, so that an invalid surrogate is found here and not when a member is used.</summary>
    private static void ReadStrings(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String)
                _ = reader.GetString();
        }
    }

    /// <summary>Returns a member of an object; null if the value is not an object or has no such member.</summary>
    public static JsonElement? Member(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : null;

    /// <summary>Returns a member that is a text; null if it is missing or not a text.</summary>
    public static string? TextMember(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
