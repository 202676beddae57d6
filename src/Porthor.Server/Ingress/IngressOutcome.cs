using System.Globalization;
using Porthor.Events;

namespace Porthor.Server.Ingress;

/// <summary>What became of a proxy's question, told from the answer: whatever refused it, and wherever.</summary>
internal static class IngressOutcome
{
    public static bool IsQuestion(HttpRequest request) =>
        request.Path.Value is "/ingress/auth" or "/ingress/forward" && (HttpMethods.IsGet(request.Method) || request.Method == HttpMethods.Head);

    public static Outcome Of(HttpContext context)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return Outcome.Abandoned;
        var response = context.Response;
        // NGINX is told most refusals as 403, and what is meant beside it.
        return int.TryParse(response.Headers[ForwardEndpoint.MeantStatus], CultureInfo.InvariantCulture, out var meant) ? Of(meant) : Of(response.StatusCode);
    }

    private static Outcome Of(int status) => status switch
    {
        StatusCodes.Status200OK => Outcome.Allowed,
        // A browser may be sent to the login.
        StatusCodes.Status302Found or StatusCodes.Status401Unauthorized => Outcome.Unauthenticated,
        StatusCodes.Status403Forbidden => Outcome.Denied,
        StatusCodes.Status429TooManyRequests => Outcome.RateLimited,
        StatusCodes.Status503ServiceUnavailable => Outcome.Unavailable,
        < StatusCodes.Status500InternalServerError => Outcome.Invalid,
        _ => Outcome.Failed,
    };
}
