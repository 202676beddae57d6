using System.Net;
using System.Text;
using System.Text.Json;
using Porthor.Secrets;

namespace Porthor.Server.Login;

/// <summary>What a login provider answered.</summary>
/// <param name="Request">Method and address of what was asked.</param>
/// <param name="Link">The header of that name, for lists in pages.</param>
internal sealed record ProviderReply(string Request, HttpStatusCode Status, byte[] Body, string? Link, IReadOnlyList<Secret> Sent)
{
    private const int LongestShown = 4000;

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>
    /// The body as log and alerts may show it: cut, without what we sent, and only of a failure. What comes with success may be a
    /// token, in whatever form.
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

    /// <summary>Null if the body is no JSON.</summary>
    public JsonElement? TryReadJson()
    {
        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override string ToString() => $"{(int)Status} from {Request}";
}

/// <summary>Looks into what others wrote, which may be anything.</summary>
internal static class ForeignJson
{
    /// <summary>A member of an object; null if this is none, or has no such member.</summary>
    public static JsonElement? Member(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : null;

    /// <summary>A member that is a text; null if it is not, or there is none.</summary>
    public static string? TextMember(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
