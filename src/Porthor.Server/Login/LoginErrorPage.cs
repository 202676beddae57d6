using System.Text.Encodings.Web;
using System.Text.Unicode;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Web;
using Porthor.Server.Web.Pages;

namespace Porthor.Server.Login;

/// <summary>Writes the page for a failed login (contract/login.md 3.3).</summary>
internal sealed class LoginErrorPage(PorthorSettings settings)
{
    public const string NoStore = "no-cache, no-store";

    /// <summary>The policy allows images and inline styles, because the footer is HTML of the operator.</summary>
    private static readonly PagePolicy Policy = new() { Images = "* data:", Styles = "'self' 'unsafe-inline'", Forms = "'none'" };

    /// <summary>Encodes only the characters that HTML requires, so that names in any script stay readable.</summary>
    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <param name="again">The URL at which another login begins; null to show no link.</param>
    public Task WriteAsync(HttpContext context, LoginFailure failure, string? again = null)
    {
        if (failure.Status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "1";
        var error = Html.Encode(failure.Details is { } details ? $"{failure.Headline}: {details}" : failure.Headline);
        var view = new LoginFailedView(
            error, failure.IsSystem ? RequestLog.Current?.RequestId : null, settings.ErrorFooter is { Length: > 0 } footer ? footer : null,
            again);
        return new PageResult<LoginFailedPage, LoginFailedView>(view, failure.Status) { Policy = Policy }.ExecuteAsync(context);
    }
}
