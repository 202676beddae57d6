using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Porthor.Server.Web;

/// <summary>Encodes texts for HTML that is not rendered by a component, and for components that insert it unchanged.</summary>
internal static class HtmlText
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Encodes only the characters that HTML requires, so that names in any script stay readable.</summary>
    public static string Encode(string text) => Encoder.Encode(text);
}
