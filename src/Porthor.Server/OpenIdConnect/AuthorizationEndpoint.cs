using Porthor.OpenIdConnect;
using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.OpenIdConnect;

/// <summary>
/// Handles <c>GET /auth/openid/login</c>, to which a client redirects the browser of a user (contract/oidc-server.md 5).
/// </summary>
internal sealed partial class AuthorizationEndpoint(
    Authenticator authenticator, ILogger<AuthorizationEndpoint> logger, OpenIdProvider? provider = null)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Routes.OpenIdLogin, (HttpContext context, AuthorizationEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithMetadata(OAuthRoute.Mark)
            .Described(
                "OpenID Connect", "authorize", "Log in to an OpenID Connect client",
                "Redirects the browser to the client with an authorization code, or to the login if the user is not signed in.")
            .Takes(
                DescribedParameter.Query("client_id", "The client ID."),
                DescribedParameter.Query("redirect_uri", "The address of the client to which the browser returns."),
                DescribedParameter.Query("response_type", "Must be code."),
                DescribedParameter.Query("scope", "Scopes, separated by blanks: openid, and optionally profile, email and rubin."),
                DescribedParameter.Query("state", "A value that is returned to the client."),
                DescribedParameter.Query("nonce", "A value that the ID token repeats."))
            .Produces(StatusCodes.Status307TemporaryRedirect).Refuses(403, 404, 422, 503);

    private async Task HandleAsync(HttpContext context)
    {
        if (ForwardedClient.Of(context).Address is null)
            throw Problem.MissingClientAddress().ToException();
        if (await authenticator.AuthenticatePageAsync(context) is not { } caller)
        {
            await RedirectToLoginAsync(context);
            return;
        }
        var request = Read(new QueryParameters(context.Request));
        if (provider is null)
            throw OpenIdEndpoints.NotConfigured.ToException();
        RequestLog.Current?.OpenIdClient(request.ClientId, request.RedirectUri);
        // HEAD is a safe method (RFC 9110 section 9.2.1): no code is issued.
        var answer = await provider.AuthorizeAsync(
            request, caller.Record.Token, issuesCode: !HeadRequests.IsHead(context), context.RequestAborted);
        if (answer.Error is { } error)
            Log.Refused(logger, error.Description);
        if (answer.RedirectUrl is null)
        {
            throw Problem.OfParameter(
                StatusCodes.Status403Forbidden, answer.Error!.Parameter!, answer.Error.Description, answer.Error.Error).ToException();
        }
        if (answer.Error is null && !HeadRequests.IsHead(context))
            Log.Returned(logger);
        // The address contains the code (RFC 9700 section 4.2).
        context.Response.Headers.CacheControl = CacheControl.NoStore;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        Redirection.Write(context, answer.RedirectUrl);
    }

    /// <summary>Reads the parameters. If one is given more than once, the last value is used.</summary>
    /// <exception cref="ProblemException">A required parameter is missing.</exception>
    internal static AuthorizationRequest Read(QueryParameters query)
    {
        var errors = new ValidationErrors();
        var request = new AuthorizationRequest(Required("client_id"), Required("redirect_uri"))
        {
            ResponseType = query.Find("response_type"),
            Scope = query.Find("scope"),
            State = query.Find("state"),
            Nonce = query.Find("nonce"),
        };
        errors.ThrowIfAny();
        return request;

        string Required(string name)
        {
            if (query.Find(name) is { } value)
                return value;
            errors.Add("missing", new Location("query", name), "Field required", input: (string?)null);
            return "";
        }
    }

    /// <summary>Redirects to the login, which returns to this request. Unlike other redirects, this one has a body.</summary>
    /// <exception cref="ProblemException">The login cannot return to this request, because its URL is too long.</exception>
    private Task RedirectToLoginAsync(HttpContext context)
    {
        var request = context.Request;
        var (path, query) = (request.Path.ToUriComponent(), request.QueryString.ToUriComponent());
        var address = $"{ForwardedClient.Of(context).Scheme}://{request.Headers.Host}{path}{query}";
        // The login would drop the query, and this request would then fail after the login.
        if (!ReturnUrl.IsKept(address))
            throw Problem.UrlTooLong(ReturnUrl.MaxLength).ToException();
        Log.NotSignedIn(logger);
        return Problem.Text(StatusCodes.Status307TemporaryRedirect, "Temporary Redirect")
            .With("Location", $"{Routes.Login}?rd={FormText.Encode(address)}")
            .WriteAsync(context.Response);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Redirecting user for authentication")]
        public static partial void NotSignedIn(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Invalid request")]
        public static partial void Refused(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Information, Message = "Returned OpenID Connect authorization code")]
        public static partial void Returned(ILogger logger);
    }
}
