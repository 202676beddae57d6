using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Porthor.Server.Http;

/// <summary>
/// Configures the encodings of header values (deviations 23, 40). Request headers are read as Latin-1, so that every byte is kept and
/// values that are not UTF-8 are accepted. Headers that are returned to the proxy are written as Latin-1 too, so their bytes do not change.
/// All other response headers contain texts of Porthor, such as e-mail addresses, and are sent as UTF-8.
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
