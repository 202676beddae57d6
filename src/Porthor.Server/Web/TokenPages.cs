using Porthor.History;
using Porthor.Server.Hosting;
using Porthor.Server.Web.Pages;
using Porthor.Tokens;
using Porthor.Users;

namespace Porthor.Server.Web;

/// <summary>Who I am and which tokens I have; for administrators, which tokens somebody has.</summary>
internal sealed partial class TokenPages(
    TokenService tokens, UserInfoService users, TokenOptions options, PorthorCore core, ILogger<TokenPages> logger)
{
    /// <summary>How long after a revocation its page may still say so.</summary>
    private static readonly TimeSpan Recently = TimeSpan.FromMinutes(5);

    public async Task<IResult> ShowOwnAsync(PageRequest request)
    {
        var caller = request.Caller;
        var refusal = TokenRules.Authorize(caller, caller.Username);
        return new PageResult<TokensPage, TokensView>(new TokensView(
            request.Visitor,
            await WhoAsync(request),
            [.. caller.Scopes.Names.Select(name => (name, options.KnownScopes.GetValueOrDefault(name, "")))],
            refusal,
            refusal is null ? await tokens.ListTokensAsync(caller, caller.Username, request.Aborted) : [],
            tokens.ShowsUses,
            core.Clock.GetUtcNow(),
            request.Session,
            refusal is null ? await RevokedAsync(request, caller.Username) : null));
    }

    /// <summary>Null if the directory cannot tell. Tokens are seen and revoked all the same.</summary>
    private async Task<UserInfo?> WhoAsync(PageRequest request)
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
        var username = request.Query("username")?.Trim() ?? "";
        var error = username.Length == 0 || UserRules.IsUsername(username) ? null : "This cannot be a username.";
        var asked = username.Length > 0 && error is null;
        var view = new SearchView(
            request.Visitor,
            username,
            error,
            asked ? await tokens.ListTokensAsync(caller, username, request.Aborted) : null,
            tokens.ShowsUses,
            core.Clock.GetUtcNow(),
            request.Session,
            asked ? await RevokedAsync(request, username) : null);
        return new PageResult<SearchPage, SearchView>(view, error is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>The revocation that this page was asked to tell of, if history knows it. An address alone makes no page say anything.</summary>
    private async Task<TokenChange?> RevokedAsync(PageRequest request, string username)
    {
        if (PageRequest.KeyOf(request.Query("revoked")) is not { } key)
            return null;
        var filter = new HistoryFilter { Username = username, Key = key, Since = core.Clock.GetUtcNow() - Recently };
        var page = await tokens.GetChangeHistoryAsync(request.Caller, new HistoryRequest<HistoryFilter>(filter, Cursor: null, Limit: null), request.Aborted);
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
