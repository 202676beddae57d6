using System.Globalization;
using Porthor.Telemetry;

namespace Porthor.Server.Ingress;

/// <summary>What became of a proxy's question, told from the answer: whatever refused it, and wherever.</summary>
internal static class IngressOutcome
{
    public static bool IsQuestion(HttpRequest request) =>
        request.Path.Value is "/ingress/auth" or "/ingress/forward" && (HttpMethods.IsGet(request.Method) || request.Method == HttpMethods.Head);

    public static AuthorizationOutcome Of(HttpContext context)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return AuthorizationOutcome.Abandoned;
        var response = context.Response;
        // NGINX is told most refusals as 403, and what is meant beside it.
        return int.TryParse(response.Headers[ForwardEndpoint.MeantStatus], CultureInfo.InvariantCulture, out var meant) ? Of(meant) : Of(response.StatusCode);
    }

    private static AuthorizationOutcome Of(int status) => status switch
    {
        StatusCodes.Status200OK => AuthorizationOutcome.Allowed,
        // A browser may be sent to the login.
        StatusCodes.Status302Found or StatusCodes.Status401Unauthorized => AuthorizationOutcome.Unauthenticated,
        StatusCodes.Status403Forbidden => AuthorizationOutcome.Denied,
        StatusCodes.Status429TooManyRequests => AuthorizationOutcome.RateLimited,
        StatusCodes.Status503ServiceUnavailable => AuthorizationOutcome.Unavailable,
        < StatusCodes.Status500InternalServerError => AuthorizationOutcome.Invalid,
        _ => AuthorizationOutcome.Failed,
    };
}
