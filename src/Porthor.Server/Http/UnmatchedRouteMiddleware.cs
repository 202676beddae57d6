namespace Porthor.Server.Http;

/// <summary>
/// Responds to requests that match no route, as the reference does: 404, 405 for a method that the path does not support, or a redirect if
/// only the trailing slash differs (contract/api.md 1).
/// </summary>
internal sealed class UnmatchedRouteMiddleware(RequestDelegate next, EndpointDataSource routes, ServerIdentity server)
{
    /// <summary>The patterns of all routes, split into segments. They do not change after the server has started.</summary>
    private readonly Lazy<string[][]> patterns = new(
        () => [.. routes.Endpoints.OfType<RouteEndpoint>().Select(route => (route.RoutePattern.RawText ?? "").Split('/'))]);

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var response = context.Response;
        if (response.HasStarted || response.ContentLength is not null || response.ContentType is not null)
            return;
        if (response.StatusCode == StatusCodes.Status405MethodNotAllowed && !Exists(context.Request.Path.Value ?? ""))
        {
            // The router checks methods before CaseSensitivePathPolicy. A path without a route has no methods.
            response.Headers.Remove("Allow");
            response.StatusCode = StatusCodes.Status404NotFound;
            context.SetEndpoint(endpoint: null);
        }
        switch (response.StatusCode)
        {
            case StatusCodes.Status404NotFound when OtherForm(context.Request) is { } other:
                response.StatusCode = StatusCodes.Status307TemporaryRedirect;
                response.Headers.Location = other;
                break;
            case StatusCodes.Status404NotFound when context.GetEndpoint() is null:
                await Problem.Text(StatusCodes.Status404NotFound, "Not Found").WriteAsync(response);
                break;
            case StatusCodes.Status405MethodNotAllowed:
                // The reference lists only the methods of the first route of a path. That is the GET route if there is one.
                if (response.Headers.Allow.ToString().Split(", ").Contains(HttpMethods.Get))
                    response.Headers.Allow = HttpMethods.Get;
                await Problem.Text(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed").WriteAsync(response);
                break;
        }
    }

    /// <summary>
    /// Returns the URL of the same path with or without a trailing slash, if that path has a route. The URL starts with the configured base
    /// URL, not with the Host header: the header comes from the client, and a cache could send the redirect to other clients.
    /// </summary>
    private string? OtherForm(HttpRequest request)
    {
        var path = request.Path.Value ?? "";
        if (path.Length < 2)
            return null;
        var other = path.EndsWith('/') ? path.TrimEnd('/') : path + "/";
        if (other.Length == 0 || !Exists(other))
            return null;
        var origin = server.BaseUrl.GetLeftPart(UriPartial.Authority);
        return $"{origin}{new PathString(other).ToUriComponent()}{request.QueryString.ToUriComponent()}";
    }

    private bool Exists(string path)
    {
        if (path.Contains("%2F", StringComparison.OrdinalIgnoreCase))
            return false;
        var length = path.AsSpan().Count('/') + 1;
        string[]? segments = null;
        foreach (var expected in patterns.Value)
        {
            if (expected.Length == length && IsRoute(expected, segments ??= path.Split('/')))
                return true;
        }
        return false;
    }

    private static bool IsRoute(string[] expected, string[] segments)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i].StartsWith('{') ? segments[i].Length == 0 : expected[i] != segments[i])
                return false;
        }
        return true;
    }
}
