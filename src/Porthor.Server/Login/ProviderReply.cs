using System.Net;
using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Values;

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
    /// Gets the body for the log and alerts: shortened, and without the secrets that were sent. It is empty for a successful reply, because
    /// the body of such a reply can contain a token in any form.
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
    /// Gets the description of the body for a log line about an unreadable reply. For a successful reply it contains only the type and the
    /// size.
    /// </summary>
    public string Described => IsSuccess
        ? FormattableString.Invariant($"({LoginFailure.Shortened(ContentType ?? "no content type")}, {Body.Length} bytes)")
        : Shown;

    /// <summary>
    /// Returns the body as JSON; null if it is not JSON or contains a member twice. Parsers differ in which of two members they use.
    /// </summary>
    public JsonElement? TryReadJson() => ProviderJson.TryParse(ProviderText.Decode(Body, ContentType));

    public override string ToString() => $"{(int)Status} from {Request}";
}
