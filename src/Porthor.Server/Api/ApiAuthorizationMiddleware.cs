using Porthor.Server.Api.Validation;
using Porthor.Server.Http;

namespace Porthor.Server.Api;

/// <summary>
/// What every route of the API does first, in the contract's order (api.md 1): is the body JSON, is the client's address
/// known, who is it, may they. Only then does the route's own work begin.
/// </summary>
internal sealed class ApiAuthorizationMiddleware(RequestDelegate next, Authenticator authenticator)
{
    public const string Prefix = "/auth/api/v1";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is { } endpoint && IsApi(endpoint, context.Request.Path))
        {
            var access = endpoint.Metadata.GetMetadata<AccessPolicy>()
                ?? throw new InvalidOperationException($"The route {endpoint.DisplayName} does not say who may use it.");
            var body = access.HasBody ? await JsonBody.ReadAsync(context.Request, context.RequestAborted) : null;
            if (ForwardedClient.Of(context).Address is null)
                throw Problem.MissingClientAddress().ToException();
            var caller = await authenticator.AuthenticateAsync(context, access);
            context.Features.Set(new ApiRequest(context, caller, body));
        }
        await next(context);
    }

    /// <summary>
    /// All under the prefix, and others that say who may use them. The endpoints that the router makes up for a wrong method
    /// are nobody's routes.
    /// </summary>
    private static bool IsApi(Endpoint endpoint, PathString path) =>
        endpoint is RouteEndpoint
        && (path.StartsWithSegments(Prefix, StringComparison.Ordinal) || endpoint.Metadata.GetMetadata<AccessPolicy>() is not null);
}
