using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Maps the routes for the history of changes: of all users, of one user and of one token (contract/api.md 5.2, 6).</summary>
internal static class HistoryEndpoints
{
    /// <summary>A time that no event has, for a filter without matches.</summary>
    private static readonly DateTimeOffset AfterAllEvents = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapHistory(this IEndpointRouteBuilder api, bool withUsage)
    {
        const string tag = "history";
        api.MapGet(ApiRoutes.AllHistory, GetAllAsync)
            .WithMetadata(AccessPolicy.AnyToken.WithScope(Scopes.AdminToken).OrBootstrap())
            .Described(tag, "getHistory", "List all token changes", "Returns the changes of all tokens, newest first.")
            .Takes([.. DescribedParameter.History, .. DescribedParameter.HistoryOfAll])
            .Answers<TokenChangeAnswer[]>().Refuses(401, 403, 422, 503);
        api.MapGet(ApiRoutes.HistoryOfUser, GetOfUserAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(tag, "getUserHistory", "List the token changes of a user", "Returns the changes of a user's tokens, newest first.")
            .Takes([DescribedParameter.Username, .. DescribedParameter.History])
            .Answers<TokenChangeAnswer[]>().Refuses(401, 403, 422, 503);
        api.MapGet(ApiRoutes.HistoryOfToken, GetOfTokenAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(
                tag, "getTokenHistory", "List the changes of a token",
                "Returns the changes of a token and its direct child tokens, newest first. The token may be revoked or expired.")
            .Takes(DescribedParameter.Username, DescribedParameter.Key)
            .Answers<TokenChangeAnswer[]>().Refuses(401, 403, 404, 422, 503);
        if (!withUsage)
            return;
        api.MapGet(ApiRoutes.UsageOfToken, GetUsesAsync)
            .WithMetadata(AccessPolicy.AnyToken)
            .Described(
                tag, "getTokenUses", "List the usage of a token",
                "Returns the usage of a token, newest first: at most one event per minute for the same service and address.")
            .Takes([DescribedParameter.Username, DescribedParameter.Key, .. DescribedParameter.Usage])
            .Answers<TokenUsageAnswer[]>().Refuses(401, 403, 404, 422, 503);
    }

    private static Task GetAllAsync(ApiRequest request, TokenService tokens)
    {
        var parameters = request.Parameters;
        var cursor = parameters.QueryCursor();
        var limit = parameters.QueryLimit();
        var filter = new HistoryFilter
        {
            Since = parameters.QueryTime("since"),
            Until = parameters.QueryTime("until"),
            Username = parameters.QueryUsername(),
            Actor = parameters.QueryActor(),
            Key = parameters.QueryKey(),
            TokenType = parameters.QueryTokenType(),
        };
        return AnswerAsync(request, tokens, filter, cursor, limit);
    }

    private static Task GetOfUserAsync(ApiRequest request, TokenService tokens)
    {
        var parameters = request.Parameters;
        var username = parameters.PathUsername();
        var cursor = parameters.QueryCursor();
        var limit = parameters.QueryLimit();
        var filter = new HistoryFilter
        {
            Since = parameters.QueryTime("since"),
            Until = parameters.QueryTime("until"),
            Username = username,
            Key = parameters.QueryKey(),
            TokenType = parameters.QueryTokenType(),
        };
        return AnswerAsync(request, tokens, filter, cursor, limit);
    }

    /// <summary>Returns the changes of a token, which may be revoked or expired, and of its direct child tokens.</summary>
    private static async Task GetOfTokenAsync(ApiRequest request, TokenService tokens)
    {
        var (username, key) = (request.Parameters.PathUsername(), request.Parameters.PathKey());
        request.ThrowIfInvalid();
        var filter = new HistoryFilter { Username = username, Key = key };
        var page = await tokens.GetChangeHistoryAsync(
            request.Caller, new HistoryRequest<HistoryFilter>(filter, Cursor: null, Limit: null), request.Aborted);
        await ApiJson.WriteListAsync(request.Context.Response, page.Rows, TokenJson.Write, TokenEndpoints.NotFound, request.Aborted);
    }

    /// <summary>Returns the usage of a token. The reference has no such route (deviations 19).</summary>
    private static async Task GetUsesAsync(ApiRequest request, TokenService tokens)
    {
        var parameters = request.Parameters;
        var filter = new UsageFilter(parameters.PathUsername(), parameters.PathKey());
        var cursor = parameters.QueryCursor();
        var limit = parameters.QueryLimit();
        filter = filter with { Since = parameters.QueryTime("since"), Until = parameters.QueryTime("until") };
        request.ThrowIfInvalid();
        if (TokenRules.Authorize(request.Caller, filter.Username) is null && parameters.QueryAddress() is { } address)
            filter = AddressBlock.IsZoned(address)
                ? filter with { Since = AfterAllEvents }
                : filter with { IpAddress = ParseAddress(address) };
        HistoryCursor? place = cursor is null ? null : HistoryCursor.Parse(cursor);
        var page = await tokens.GetUsageHistoryAsync(request.Caller, new HistoryRequest<UsageFilter>(filter, place, limit), request.Aborted)
            ?? throw TokenEndpoints.NotFound.ToException();
        WritePlace(request, page);
        await ApiJson.WriteListAsync(request.Context.Response, page.Rows, TokenJson.Write, ifEmpty: null, request.Aborted);
    }

    private static async Task AnswerAsync(ApiRequest request, TokenService tokens, HistoryFilter filter, string? cursor, long? limit)
    {
        request.ThrowIfInvalid();
        // The order is that of the contract (tokens.md 7.9): the authorization of the caller, then the address, then the query.
        if (TokenRules.Authorize(request.Caller, filter.Username) is null && request.Parameters.QueryAddress() is { } address)
            filter = AddressBlock.IsZoned(address)
                ? filter with { Since = AfterAllEvents }
                : filter with { IpAddress = ParseAddress(address) };
        HistoryCursor? place = cursor is null ? null : HistoryCursor.Parse(cursor);
        var page = await tokens.GetChangeHistoryAsync(
            request.Caller, new HistoryRequest<HistoryFilter>(filter, place, limit), request.Aborted);
        WritePlace(request, page);
        await ApiJson.WriteListAsync(request.Context.Response, page.Rows, TokenJson.Write, ifEmpty: null, request.Aborted);
    }

    /// <summary>Adds headers with the total count and the links to the adjacent pages.</summary>
    private static void WritePlace<TRow>(ApiRequest request, HistoryPage<TRow> page)
    {
        if (page.Count is not { } count)
            return;
        var headers = request.Context.Response.Headers;
        headers["X-Total-Count"] = count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        headers.Link = PageLinks.Of(request.Context.Request, ForwardedClient.Of(request.Context).Scheme, page);
    }

    public static AddressBlock ParseAddress(string text)
    {
        try
        {
            return AddressBlock.Parse(text);
        }
        catch (FormatException e)
        {
            throw PorthorError.InvalidIpAddress(e.Message).ToException();
        }
    }
}
