using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Server.Values;

namespace Porthor.Server.Api;

/// <summary>
/// Checks every API request in the order of the contract (api.md 1): whether the body is JSON, whether the client address is known, then
/// authentication and authorization. Then the handler of the route runs.
/// </summary>
internal sealed class ApiAuthorizationMiddleware(RequestDelegate next, Authenticator authenticator)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is { } endpoint && IsApi(endpoint, context.Request.Path))
        {
            var access = endpoint.Metadata.GetMetadata<AccessPolicy>()
                ?? throw new InvalidOperationException($"The route {endpoint.DisplayName} has no access policy.");
            var body = access.HasBody ? await JsonBody.ReadAsync(context.Request, context.RequestAborted) : null;
            if (ForwardedClient.Of(context).Address is null)
                throw Problem.MissingClientAddress().ToException();
            var caller = await authenticator.AuthenticateAsync(context, access);
            context.Features.Set(new ApiRequest(context, caller, body));
        }
        await next(context);
    }

    /// <summary>
    /// Returns whether the route belongs to the API: all routes under the prefix, and others with an access policy. The endpoints that the
    /// router creates for unsupported methods do not belong to it.
    /// </summary>
    private static bool IsApi(Endpoint endpoint, PathString path) =>
        endpoint is RouteEndpoint
        && (path.StartsWithSegments(ApiRoutes.Prefix, StringComparison.Ordinal)
            || endpoint.Metadata.GetMetadata<AccessPolicy>() is not null);
}
