using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Web;
using Porthor.Server.Web.Pages;

namespace Porthor.Server.Login;

/// <summary>Writes the page for a failed login (contract/login.md 3.3).</summary>
internal sealed class LoginErrorPage(PorthorSettings settings)
{
    /// <summary>The policy allows images and inline styles, because the footer is HTML of the operator.</summary>
    private static readonly PagePolicy Policy = new() { Images = "* data:", Styles = "'self' 'unsafe-inline'", Forms = "'none'" };

    /// <param name="again">The URL at which another login begins; null to show no link.</param>
    public Task WriteAsync(HttpContext context, LoginFailure failure, string? again = null)
    {
        if (failure.Status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = Problem.RetrySoon;
        var error = HtmlText.Encode(failure.Details is { } details ? $"{failure.Headline}: {details}" : failure.Headline);
        var view = new LoginFailedView(
            error, failure.IsSystem ? RequestLog.Current?.RequestId : null, settings.ErrorFooter is { Length: > 0 } footer ? footer : null,
            again);
        return new PageResult<LoginFailedPage, LoginFailedView>(view, failure.Status) { Policy = Policy }.ExecuteAsync(context);
    }
}
