using Porthor.Server.Http;
using Porthor.Server.Web.Pages;

namespace Porthor.Server.Web;

/// <summary>Creates the pages for errors, with the same statuses as the API.</summary>
internal sealed class RefusalPage : IErrorPages
{
    /// <param name="message">The message of the operation; null if there is none.</param>
    /// <param name="user">The signed-in user; null if no user is signed in or the user is unknown.</param>
    /// <param name="link">The link on the page; null for the link to the user's tokens.</param>
    public static PageResult<MessagePage, MessageView> Of(
        int status, string? message = null, SignedInUser? user = null, (string Address, string Text)? link = null)
    {
        var (title, text) = status switch
        {
            StatusCodes.Status403Forbidden => ("Not allowed", $"{message ?? "You are not allowed to view this page"}."),
            StatusCodes.Status404NotFound => ("Not found", "The token does not exist. It may have been revoked or have expired."),
            StatusCodes.Status503ServiceUnavailable =>
                (
                    "Not available",
                    "Porthor cannot access its data at the moment. Your account and your tokens are not the cause. Try again soon."),
            StatusCodes.Status429TooManyRequests => ("Too many requests", $"{message ?? "Try again later"}."),
            >= 500 => ("Something went wrong", "An internal error occurred. The log of the service contains the details."),
            _ => ("Invalid request", $"{message ?? "The address or the form is invalid"}."),
        };
        return new(new MessageView(user, title, text, link ?? (PageAddresses.Tokens, "Your tokens")), status);
    }

    public bool IsForPage(HttpContext context) => context.IsForPage();

    public Task WriteAsync(HttpContext context, Problem problem)
    {
        if (problem.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = wait;
        var user = context.Features.Get<SignedInUser>();
        (string, string)? link = user is not null && problem.Status == StatusCodes.Status403Forbidden
            ? (DenialPage.SwitchUrl(context), "Sign in as another user")
            : null;
        return Of(problem.Status, problem.Message, user, link).ExecuteAsync(context);
    }

    public Task WriteInternalErrorAsync(HttpContext context) => Of(StatusCodes.Status500InternalServerError).ExecuteAsync(context);
}
