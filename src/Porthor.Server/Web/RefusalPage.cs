using Porthor.Server.Http;
using Porthor.Server.Web.Pages;

namespace Porthor.Server.Web;

/// <summary>Refusals for people: the same statuses as programs get, in words.</summary>
internal static class RefusalPage
{
    /// <param name="message">What an operation said; null if it was none.</param>
    /// <param name="visitor">The signed-in user; null if no user is signed in or the user is not known.</param>
    /// <param name="link">Null for the link to the user's tokens.</param>
    public static PageResult<MessagePage, MessageView> Of(
        int status, string? message = null, Visitor? visitor = null, (string Address, string Text)? link = null)
    {
        var (title, text) = status switch
        {
            StatusCodes.Status403Forbidden => ("Not allowed", $"{message ?? "This is not for you"}."),
            StatusCodes.Status404NotFound => ("Not found", "There is no such token. It may have been revoked, or have expired."),
            StatusCodes.Status503ServiceUnavailable => ("Not available", "Porthor cannot look at the moment. This says nothing about you or your tokens. Try again soon."),
            StatusCodes.Status429TooManyRequests => ("Too many requests", $"{message ?? "Try again later"}."),
            >= 500 => ("Something went wrong", "This is a fault of the service, and is in its log."),
            _ => ("Not understood", $"{message ?? "The address or the form cannot be read"}."),
        };
        return new(new MessageView(visitor, title, text, link ?? (PageAddresses.Tokens, "Your tokens")), status);
    }

    /// <summary>What was thrown while a page was made.</summary>
    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        if (problem.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = wait;
        var visitor = context.Features.Get<Visitor>();
        (string, string)? link = visitor is not null && problem.Status == StatusCodes.Status403Forbidden
            ? (DenialPage.SwitchUrl(context), "Sign in as another user")
            : null;
        return Of(problem.Status, problem.Message, visitor, link).ExecuteAsync(context);
    }
}
