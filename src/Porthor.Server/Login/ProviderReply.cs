using System.Net;
using System.Text;
using System.Text.Json;
using Porthor.Secrets;

namespace Porthor.Server.Login;

/// <summary>Represents the reply of a login provider.</summary>
/// <param name="Request">Method and address of the request.</param>
/// <param name="Body">The body, decompressed.</param>
/// <param name="Link">The <c>Link</c> header, for paged lists; null if it is missing.</param>
internal sealed record ProviderReply(string Request, HttpStatusCode Status, byte[] Body, string? Link, IReadOnlyList<Secret> Sent)
{
    private const int LongestShown = 4000;

    /// <summary>Gets the <c>Content-Type</c> header; null if it is missing. The value is untrusted.</summary>
    public string? ContentType { get; init; }

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public bool IsRedirect => (int)Status is >= 300 and < 400;

    /// <summary>
    /// Gets the body for log and alerts: shortened, without the secrets that were sent, and only for a failure. The body of a success
    /// may contain a token in any form.
    /// </summary>
    public string Shown
    {
        get
        {
            if (IsSuccess)
                return "";
            var text = Encoding.UTF8.GetString(Body);
            foreach (var secret in Sent)
                text = text.Replace(secret.Reveal(), "***", StringComparison.Ordinal);
            return text.Length <= LongestShown ? text : text[..LongestShown] + "...";
        }
    }

    /// <summary>
    /// Gets the description of the body for a log line about an unreadable reply. For a success it contains only the type and the size.
    /// </summary>
    public string Described => IsSuccess
        ? FormattableString.Invariant($"({LoginFailure.Shortened(ContentType ?? "no content type")}, {Body.Length} bytes)")
        : Shown;

    /// <summary>
    /// Returns the body as JSON; null if it is not JSON. Repeated members are refused, because parsers differ in which one they use.
    /// </summary>
    public JsonElement? TryReadJson() => ProviderJson.TryParse(ProviderText.Decode(Body, ContentType));

    public override string ToString() => $"{(int)Status} from {Request}";
}

/// <summary>Reads untrusted JSON.</summary>
internal static class ProviderJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>
    /// Returns null if the text is not JSON, contains a member twice or invalid text, or is nested more than 64 levels deep.
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
