using System.Buffers;
using System.Globalization;
using System.Text;

namespace Porthor.Server.Login;

/// <summary>Sends a browser elsewhere as the reference does (contract/login.md 2): an empty answer that keeps the method.</summary>
internal static class Redirection
{
    private static readonly SearchValues<byte> Kept =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-:/%#?=@[]!$&'()*+,;"u8);

    /// <summary>After a form was posted, the browser must not post it to where it is sent.</summary>
    public static void Write(HttpContext context, string url)
    {
        context.Response.StatusCode = HttpMethods.IsPost(context.Request.Method) ? StatusCodes.Status303SeeOther : StatusCodes.Status307TemporaryRedirect;
        context.Response.ContentLength = 0;
        context.Response.Headers.Location = Encode(url);
    }

    /// <summary>The form in which a URL is sent: ASCII, with nothing in it that a browser would read otherwise than we do.</summary>
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
