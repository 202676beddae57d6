using Porthor.Ingress;
using Porthor.Server.Values;

namespace Porthor.Server.Http;

/// <summary>Finds the outcome of authorization subrequests for metrics.</summary>
internal static class IngressOutcome
{
    /// <summary>Returns whether a request is an authorization subrequest.</summary>
    public static bool IsSubrequest(HttpRequest request) =>
        request.Path.Value is Routes.IngressAuth or Routes.IngressForward
            && (HttpMethods.IsGet(request.Method) || request.Method == HttpMethods.Head);

    /// <summary>Returns the outcome of a request that was answered.</summary>
    /// <param name="decided">
    /// The outcome that was decided; null if the request was answered before the decision, for example because it was too large.
    /// </param>
    public static AuthorizationOutcome Of(HttpContext context, AuthorizationOutcome? decided) =>
        context.RequestAborted.IsCancellationRequested
            ? AuthorizationOutcome.Abandoned
            : decided ?? AuthorizationOutcomes.OfStatus(context.Response.StatusCode);
}
