using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Porthor.Server.Configuration;
using Porthor.Server.Logging;

namespace Porthor.Server.Login;

/// <summary>The page on which a login ends that failed (contract/login.md 3.3).</summary>
internal sealed class LoginErrorPage(PorthorSettings settings)
{
    public const string NoStore = "no-cache, no-store";

    /// <summary>No scripts, no frames. The footer is the operator's own HTML, and may show pictures and be styled.</summary>
    private const string Policy =
        "default-src 'none'; img-src * data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    public async Task WriteAsync(HttpContext context, LoginFailure failure)
    {
        var response = context.Response;
        var page = Encoding.UTF8.GetBytes(Text(failure, failure.IsSystem ? RequestLog.Of(context)?.RequestId : null));
        response.StatusCode = failure.Status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.CacheControl = NoStore;
        response.Headers.ContentSecurityPolicy = Policy;
        if (failure.Status == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = "1";
        await response.Body.WriteAsync(page, context.RequestAborted);
    }

    /// <param name="errorId">By which those who run the service find what happened in the log; null for no need.</param>
    private string Text(LoginFailure failure, string? errorId)
    {
        var error = Html.Encode(failure.Details is { } details ? $"{failure.Headline}: {details}" : failure.Headline);
        var id = errorId is null ? "" : $"\n    <p>Error id: {errorId}</p>";
        var footer = settings.ErrorFooter is { Length: > 0 } html ? $"\n    <p>{html}</p>" : "";
        return $"""
            <!DOCTYPE html>
            <html lang="en">
              <head>
                <meta charset="utf-8">
                <title>Authentication error</title>
              </head>
              <body>
                <h1>Authentication error</h1>
                <p>Authentication failed with the following error:</p>
                <p><strong>Error:</strong> {error}</p>{id}{footer}
              </body>
            </html>

            """;
    }
}
