using Porthor.Operations;
using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;

namespace Porthor.Server.Api;

/// <summary>
/// Maps the routes for tokens of a user, tokens created by an administrator, and the token in use (contract/api.md 5.6, 5.7, 5.10).
/// </summary>
internal static partial class TokenEndpoints
{
    public static readonly PorthorError NotFound = PorthorError.NotFound("Token not found");

    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        const string tag = "tokens";
        api.MapPost(ApiRoutes.Tokens, CreateForAnyoneAsync)
            .WithMetadata(AccessPolicy.AnyToken.WithScope(Scopes.AdminToken).OrBootstrap().WithBody())
            .Described(
                tag, "createToken", "Create a token for any user",
                "Creates a user or service token for any user, with the user data that is stored with it.")
            .TakesBody<AdminTokenBody>().Answers<NewTokenAnswer>(StatusCodes.Status201Created).Refuses(401, 403, 409, 422, 503);
        api.MapGet(ApiRoutes.TokenInfo, GetOwnAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getTokenInfo", "Get the token in use", "Returns the token that authenticates this request.")
            .Answers<TokenInfoAnswer>().Refuses(401, 403, 503);
        api.MapGet(ApiRoutes.TokensOfUser, ListAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(
                tag, "listTokens", "List the tokens of a user",
                "Returns all tokens of a user, newest first. Expired tokens are included until they are removed.")
            .Takes(DescribedParameter.Username).Answers<TokenInfoAnswer[]>().Refuses(401, 403, 422, 503);
        api.MapPost(ApiRoutes.TokensOfUser, CreateAsync)
            .WithMetadata(AccessPolicy.AnyToken.WithBody())
            .Described(tag, "createUserToken",
                "Create a user token",
                "Creates a user token for the caller. Administrators cannot use this route for other users.")
            .Takes(DescribedParameter.Username).TakesBody<UserTokenBody>().Answers<NewTokenAnswer>(StatusCodes.Status201Created)
            .Refuses(401, 403, 409, 422, 429, 503);
        api.MapGet(ApiRoutes.Token, GetAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getToken", "Get a token", "Returns a token of a user.")
            .Takes(DescribedParameter.Username, DescribedParameter.Key).Answers<TokenInfoAnswer>().Refuses(401, 403, 404, 422, 503);
        api.MapPatch(ApiRoutes.Token, EditAsync)
            .WithMetadata(AccessPolicy.AnyToken.WithBody())
            .Described(
                tag, "editToken", "Change a token",
                "Changes the name, scopes or expiration of a user token. Only for administrators. "
                    + "A reduction also applies to child tokens.")
            .Takes(DescribedParameter.Username, DescribedParameter.Key).TakesBody<TokenEditBody>().Answers<TokenInfoAnswer>()
            .Refuses(401, 403, 404, 409, 422, 503);
        api.MapDelete(ApiRoutes.Token, DeleteAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(
                tag, "revokeToken", "Revoke a token",
                "Revokes a token and all its child tokens. After the response, all of them are invalid.")
            .Takes(DescribedParameter.Username, DescribedParameter.Key).Produces(StatusCodes.Status204NoContent)
            .Refuses(401, 403, 404, 422, 503);
    }

    private static async Task<IResult> CreateForAnyoneAsync(ApiRequest request, TokenService tokens)
    {
        var asked = request.Body() is { } body ? TokenBodies.ReadAdminToken(body) : null;
        request.ThrowIfInvalid();
        var token = await tokens.CreateTokenFromAdminRequestAsync(asked!, request.Caller);
        return Created(request, asked!.Username, token);
    }

    private static async Task<IResult> GetOwnAsync(ApiRequest request, TokenService tokens, ILogger<TokenService> logger)
    {
        var key = request.Caller.Record.Token.Key;
        if (await tokens.GetTokenInfoUncheckedAsync(key, cancellationToken: request.Aborted) is { } token)
            return ApiJson.Write(writer => TokenJson.Write(writer, token));
        Log.NotListed(logger);
        throw Problem.TypeFirst(StatusCodes.Status403Forbidden, "invalid_token", "Token found in Redis but not database").ToException();
    }

    private static async Task ListAsync(ApiRequest request, TokenService tokens)
    {
        var username = request.Parameters.PathUsername();
        request.ThrowIfInvalid();
        await ApiJson.WriteListAsync(
            request.Context.Response, tokens.StreamTokensAsync(request.Caller, username, request.Aborted), TokenJson.Write,
                ifEmpty: null, request.Aborted);
    }

    private static async Task<IResult> CreateAsync(ApiRequest request, TokenService tokens)
    {
        var username = request.Parameters.PathUsername();
        var asked = request.Body() is { } body ? TokenBodies.ReadUserToken(body) : null;
        request.ThrowIfInvalid();
        var token = await tokens.CreateUserTokenAsync(request.Caller, username, asked!);
        return Created(request, username, token);
    }

    private static async Task<IResult> GetAsync(ApiRequest request, TokenService tokens)
    {
        var (username, key) = (request.Parameters.PathUsername(), request.Parameters.PathKey());
        request.ThrowIfInvalid();
        var token = await tokens.GetTokenInfoAsync(key, request.Caller, username, request.Aborted) ?? throw NotFound.ToException();
        return ApiJson.Write(writer => TokenJson.Write(writer, token));
    }

    private static async Task<IResult> EditAsync(ApiRequest request, TokenService tokens)
    {
        var (username, key) = (request.Parameters.PathUsername(), request.Parameters.PathKey());
        var edit = request.Body() is { } body ? TokenBodies.ReadEdit(body) : null;
        request.ThrowIfInvalid();
        var token = await tokens.ModifyTokenAsync(key, request.Caller, username, edit!) ?? throw NotFound.ToException();
        return ApiJson.Write(writer => TokenJson.Write(writer, token));
    }

    private static async Task<IResult> DeleteAsync(ApiRequest request, TokenService tokens)
    {
        var (username, key) = (request.Parameters.PathUsername(), request.Parameters.PathKey());
        request.ThrowIfInvalid();
        return await tokens.DeleteTokenAsync(key, request.Caller, username) ? Results.NoContent() : throw NotFound.ToException();
    }

    /// <summary>Returns the response for a new token. No other response contains a whole token.</summary>
    private static IResult Created(ApiRequest request, string username, Token token)
    {
        request.Context.Response.Headers.CacheControl = CacheControl.NoStore;
        request.Context.Response.Headers.Location =
            ApiRoutes.AddressOf(ApiRoutes.Token, username, token.Key.Value);
        return ApiJson.Write(
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("token", token.Reveal());
                writer.WriteEndObject();
            },
            StatusCodes.Status201Created);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Token found in Redis but not database")]
        public static partial void NotListed(ILogger logger);
    }
}
