using Microsoft.AspNetCore.Http.Extensions;
using Porthor.History;
using Porthor.Identity;
using Porthor.Operations;
using Porthor.Server.Http;
using Porthor.Server.Web.Pages;
using Porthor.Tokens;
using Porthor.Users;

namespace Porthor.Server.Web;

/// <summary>Provides the page with the user's account and tokens and, for administrators, the tokens of another user.</summary>
internal sealed partial class TokenPages(
    TokenService tokens, UserInfoService users, TokenOptions options, TimeProvider clock, ILogger<TokenPages> logger)
{
    /// <summary>The number of tokens of each section on a page.</summary>
    private const int PageSize = 50;

    /// <summary>The time after a revocation during which the page can show the notice about it.</summary>
    private static readonly TimeSpan NoticeDuration = TimeSpan.FromMinutes(5);

    public async Task<IResult> ShowOwnAsync(PageRequest request)
    {
        var caller = request.Caller;
        var refusal = TokenRules.Authorize(caller, caller.Username);
        return new PageResult<TokensPage, TokensView>(new TokensView(
            request.SignedInUser,
            await ReadUserAsync(request),
            [.. caller.Scopes.Names.Select(name => (name, options.KnownScopes.GetValueOrDefault(name, "")))],
            refusal,
            refusal is null ? await SectionsAsync(request, caller.Username, PageAddresses.Tokens) : [],
            tokens.ShowsUsage,
            clock.GetUtcNow(),
            request.Session,
            refusal is null ? await RevokedAsync(request, caller.Username) : null));
    }

    /// <summary>Reads the tokens of a user, grouped by their origin, one page of each group.</summary>
    private async Task<IReadOnlyList<TokenSection>> SectionsAsync(PageRequest request, string username, string address)
    {
        var counts = await tokens.CountTokensAsync(request.Caller, username, request.Aborted);
        List<TokenSection> sections = [];
        foreach (var kind in TokenSection.Kinds)
        {
            TokenCursor? after = request.Query[kind.Id] is { } text ? TokenCursor.Parse(text) : null;
            var page = await tokens.GetTokenPageAsync(
                request.Caller, new TokenQuery(username, kind.Types, after, PageSize), request.Aborted);
            sections.Add(new TokenSection(
                kind,
                page.Tokens,
                kind.Types.Sum(type => counts.GetValueOrDefault(type)),
                Newest: after is null ? null : At(cursor: null),
                Older: page.Next is { } next ? At(next) : null));

            string At(TokenCursor? cursor)
            {
                var query = new QueryBuilder(
                    request.Query.NotEmpty.Where(parameter => parameter.Key is not "revoked" && parameter.Key != kind.Id));
                if (cursor is { } place)
                    query.Add(kind.Id, place.ToString());
                return $"{address}{query.ToQueryString()}#{kind.Id}";
            }
        }
        return sections;
    }

    /// <summary>
    /// Returns the user's information; null if the directory is unavailable. Tokens can be listed and revoked without it.
    /// </summary>
    private async Task<UserInfo?> ReadUserAsync(PageRequest request)
    {
        try
        {
            return await users.GetAsync(request.Caller.Record, request.Aborted);
        }
        catch (UserDirectoryException e)
        {
            Log.UserInfoFailed(logger, e.Reason, e);
            return null;
        }
    }

    public async Task<IResult> SearchAsync(PageRequest request)
    {
        var caller = request.Caller;
        if (TokenRules.Authorize(caller, username: null) is { } refusal)
            throw refusal.ToException();
        var username = request.Query["username"]?.Trim() ?? "";
        var error = username.Length == 0 || UserRules.IsUsername(username) ? null : "This is not a valid username.";
        var isValid = username.Length > 0 && error is null;
        var view = new SearchView(
            request.SignedInUser,
            username,
            error,
            isValid ? await SectionsAsync(request, username, PageAddresses.Search) : null,
            tokens.ShowsUsage,
            clock.GetUtcNow(),
            request.Session,
            isValid ? await RevokedAsync(request, username) : null);
        return new PageResult<SearchPage, SearchView>(
            view, error is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>
    /// Returns the revocation of the token in the address, if the history contains it. The address alone cannot make the page show a
    /// notice.
    /// </summary>
    private async Task<TokenChange?> RevokedAsync(PageRequest request, string username)
    {
        if (PageRequest.KeyOf(request.Query["revoked"]) is not { } key)
            return null;
        var filter = new HistoryFilter { Username = username, Key = key, Since = clock.GetUtcNow() - NoticeDuration };
        var page = await tokens.GetChangeHistoryAsync(
            request.Caller, new HistoryRequest<HistoryFilter>(filter, Cursor: null, Limit: null), request.Aborted);
        await foreach (var change in page.Rows.WithCancellation(request.Aborted))
        {
            if (change.Action == ChangeAction.Revoke && change.Token == filter.Key)
                return change;
        }
        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Unable to get user information")]
        public static partial void UserInfoFailed(ILogger logger, string error, Exception exception);
    }
}
