using Porthor.OpenIdConnect;
using Porthor.Server.Api;
using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Server.Logging;
using Porthor.Server.Values;

namespace Porthor.Server.OpenIdConnect;

/// <summary>
/// Handles <c>POST /auth/openid/token</c>, at which a client redeems an authorization code (contract/oidc-server.md 7).
/// </summary>
internal sealed partial class TokenEndpoint(ILogger<TokenEndpoint> logger, OpenIdProvider? provider = null)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(Routes.OpenIdToken, (HttpContext context, TokenEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithMetadata(OAuthRoute.Mark)
            .Described(
                "OpenID Connect", "redeemCode", "Redeem an authorization code",
                "Returns an access token and an ID token for an authorization code. The client authenticates with its secret, in the form "
                + "or with Basic.")
            .Accepts<TokenRequestForm>(ContentType.Form, RouteDescriptions.AnyType)
            .Answers<OpenIdTokenAnswer>()
            .Produces<OAuthErrorAnswer>(StatusCodes.Status400BadRequest, "application/json")
            .Produces<OAuthErrorAnswer>(StatusCodes.Status429TooManyRequests, "application/json")
            .Produces<OAuthErrorAnswer>(StatusCodes.Status503ServiceUnavailable, "application/json")
            .Refuses(401, 404);

    private async Task HandleAsync(HttpContext context)
    {
        var address = ForwardedClient.Of(context).Address ?? throw Problem.MissingClientAddress().ToException();
        var (request, formClient) = await TokenForm.ReadAsync(context.Request, context.RequestAborted);
        if (formClient is not null)
            RequestLog.Current?.OpenIdClient(formClient);
        if (provider is null)
            throw OpenIdEndpoints.NotConfigured.ToException();
        var answer = await provider.RedeemAsync(request, address, context.RequestAborted);
        if (answer.Error is { } error)
        {
            LogError(error);
            throw ProblemOf(error).ToException();
        }
        context.Response.Headers.CacheControl = CacheControl.NoStore;
        context.Response.Headers.Pragma = "no-cache";
        await Write(answer.Tokens!).ExecuteAsync(context);
    }

    private static IResult Write(IssuedTokens tokens) => ApiJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("access_token", tokens.AccessToken.Reveal());
        writer.WriteString("id_token", tokens.IdToken.Reveal());
        writer.WriteNumber("expires_in", tokens.ExpiresIn);
        writer.WriteString("scope", tokens.Scope);
        writer.WriteString("token_type", "Bearer");
        writer.WriteEndObject();
    });

    private static Problem ProblemOf(OAuthError error) => error switch
    {
        { Code: OAuthError.Unavailable } => Problem.OAuthUnavailable(error.Description),
        { RetryAfter: { } wait } => Problem.OAuthTooManyRequests(error.Code, error.Description, wait),
        _ => Problem.OAuth(StatusCodes.Status400BadRequest, error.Code, error.Description),
    };

    /// <summary>Logs an error. The contract prescribes the messages, which must be constants.</summary>
    private void LogError(OAuthError error)
    {
        switch (error.Code)
        {
            case "invalid_request":
                Log.InvalidRequest(logger, error.Reason);
                break;
            case "unsupported_grant_type":
                Log.UnsupportedGrantType(logger, error.Reason);
                break;
            case "invalid_client":
                Log.UnauthorizedClient(logger, error.Reason);
                break;
            case "invalid_grant":
                Log.InvalidCode(logger, error.Reason);
                break;
            case "invalid_token":
                Log.InvalidToken(logger, error.Reason);
                break;
            default:
                Log.Busy(logger, error.Reason);
                break;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Invalid request")]
        public static partial void InvalidRequest(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Unsupported grant type")]
        public static partial void UnsupportedGrantType(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Unauthorized client")]
        public static partial void UnauthorizedClient(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Invalid authorization code")]
        public static partial void InvalidCode(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Invalid token")]
        public static partial void InvalidToken(ILogger logger, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Token endpoint is busy")]
        public static partial void Busy(ILogger logger, string error);
    }
}
