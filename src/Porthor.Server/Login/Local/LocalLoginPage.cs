using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Porthor.Users;

namespace Porthor.Server.Login.Local;

/// <summary>The form for username and password: HTML that needs no script, and that no other page may frame.</summary>
internal static class LocalLoginPage
{
    /// <summary>
    /// No form-action: some browsers hold it also against where the answer sends them on, and on from there, which is any
    /// application's affair.
    /// </summary>
    private const string Policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <param name="state">Comes back with the form.</param>
    /// <param name="message">What was wrong with the last attempt; null for the first.</param>
    /// <param name="username">What was typed in the last attempt.</param>
    public static async Task WriteAsync(HttpContext context, int status, string state, string? message = null, string username = "")
    {
        var response = context.Response;
        var page = Encoding.UTF8.GetBytes(Text(state, message, UserRules.IsUsername(username) ? username : ""));
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.CacheControl = LoginErrorPage.NoStore;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XFrameOptions = "DENY";
        response.Headers.XContentTypeOptions = "nosniff";
        // Not no-referrer, with which browsers do not say either which page a form is from.
        response.Headers["Referrer-Policy"] = "same-origin";
        await response.Body.WriteAsync(page, context.RequestAborted);
    }

    private static string Text(string state, string? message, string username)
    {
        var alert = message is null ? "" : $"\n    <p id=\"error\" role=\"alert\">{Html.Encode(message)}</p>";
        var described = message is null ? "" : " aria-describedby=\"error\"";
        var (first, second) = username.Length == 0 ? (" autofocus", "") : ("", " autofocus");
        return $"""
            <!DOCTYPE html>
            <html lang="en">
              <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>Log in</title>
              </head>
              <body>
                <h1>Log in</h1>{alert}
                <form method="post" action="{LocalLoginEndpoints.Path}">
                  <input type="hidden" name="state" value="{Html.Encode(state)}">
                  <p>
                    <label for="username">Username</label>
                    <input id="username" name="username" value="{Html.Encode(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required{first}{described}>
                  </p>
                  <p>
                    <label for="password">Password</label>
                    <input id="password" name="password" type="password" autocomplete="current-password" required{second}{described}>
                  </p>
                  <p><button type="submit">Log in</button></p>
                </form>
              </body>
            </html>

            """;
    }
}
