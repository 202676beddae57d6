using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Porthor.Server.Http;

/// <summary>
/// The encodings of header values (deviations 23, 40). Request headers are read as Latin-1, which keeps every byte, so that values that are
/// not UTF-8 are accepted. The headers that Porthor reflects are sent in the same way, byte for byte. All other response headers contain
/// Porthor's own texts, such as e-mail addresses, and are sent as UTF-8.
/// </summary>
internal static class HeaderEncodings
{
    public static void Configure(KestrelServerOptions kestrel)
    {
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static name => IsReflected(name) ? Encoding.Latin1 : Encoding.UTF8;
    }

    private static bool IsReflected(string name) =>
        name.Equals("Cookie", StringComparison.OrdinalIgnoreCase) || name.Equals("Authorization", StringComparison.OrdinalIgnoreCase);
}
