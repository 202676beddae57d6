using System.Buffers;
using System.Globalization;
using System.Text;

namespace Porthor.Server.Http;

/// <summary>
/// Redirects a browser as the reference does (contract/login.md 2): with an empty response whose status keeps the method.
/// </summary>
internal static class Redirection
{
    private static readonly SearchValues<byte> Kept =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-:/%#?=@[]!$&'()*+,;"u8);

    /// <summary>Writes the redirect. After a POST request, the status is 303, so that the browser sends GET.</summary>
    public static void Write(HttpContext context, string url)
    {
        context.Response.StatusCode = HttpMethods.IsPost(context.Request.Method)
            ? StatusCodes.Status303SeeOther
            : StatusCodes.Status307TemporaryRedirect;
        context.Response.ContentLength = 0;
        context.Response.Headers.Location = Encode(url);
    }

    /// <summary>Encodes a URL for the header: ASCII without characters that browsers interpret differently.</summary>
    public static string Encode(string url)
    {
        var bytes = Encoding.UTF8.GetBytes(url);
        if (!bytes.AsSpan().ContainsAnyExcept(Kept))
            return url;
        var text = new StringBuilder(bytes.Length + 16);
        foreach (var b in bytes)
        {
            if (Kept.Contains(b))
                text.Append((char)b);
            else
                text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }
        return text.ToString();
    }
}
