using System.Text.Encodings.Web;
using System.Text.Unicode;
using Porthor.Server.Configuration;
using Porthor.Server.Logging;
using Porthor.Server.Web;
using Porthor.Server.Web.Pages;

namespace Porthor.Server.Login;

/// <summary>The page on which a login ends that failed (contract/login.md 3.3).</summary>
internal sealed class LoginErrorPage(PorthorSettings settings)
{
    public const string NoStore = "no-cache, no-store";

    /// <summary>The footer is the operator's own HTML, and may show pictures and be styled.</summary>
    private static readonly PagePolicy Policy = new() { Images = "* data:", Styles = "'self' 'unsafe-inline'", Forms = "'none'" };

    /// <summary>Only what must be is written otherwise; names of people are not.</summary>
    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <param name="again">Where another login begins; null where that is not the question.</param>
    public Task WriteAsync(HttpContext context, LoginFailure failure, string? again = null)
    {
        if (failure.Status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "1";
        var error = Html.Encode(failure.Details is { } details ? $"{failure.Headline}: {details}" : failure.Headline);
        var view = new LoginFailedView(error, failure.IsSystem ? RequestLog.Current?.RequestId : null, settings.ErrorFooter is { Length: > 0 } footer ? footer : null, again);
        return new PageResult<LoginFailedPage, LoginFailedView>(view, failure.Status) { Policy = Policy }.ExecuteAsync(context);
    }
}
