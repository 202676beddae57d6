using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Porthor.Testing;

/// <summary>A request that the external server received.</summary>
internal sealed record ExternalRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public IReadOnlyDictionary<string, string> Form =>
        QueryHelpers.ParseQuery(Body).ToDictionary(entry => entry.Key, entry => entry.Value.ToString());

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}

/// <summary>A reply of the external server.</summary>
internal sealed record ExternalReply(int Status, string Body, string? ContentType = "application/json")
{
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The body as bytes; null if <see cref="Body"/> is the body.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>True to close the connection without a reply.</summary>
    public bool AbortsConnection { get; init; }

    public static ExternalReply Ok(object json) => new(200, JsonSerializer.Serialize(json));

    public static ExternalReply Of(int status, object json) => new(status, JsonSerializer.Serialize(json));

    public static ExternalReply Text(int status, string text) => new(status, text, "text/plain");
}
