using Porthor.History;
using Porthor.Identity;
using Porthor.Operations;
using Porthor.Server.Http;
using Porthor.Server.Web.Pages;
using Porthor.Tokens;

namespace Porthor.Server.Web;

/// <summary>Shows the form that asks for confirmation, and revokes the token.</summary>
internal sealed class RevokePages(TokenService tokens, PageAuthorization authorization)
{
    public async Task<IResult> ShowFormAsync(PageRequest request)
    {
        if (KeyOf(request) is not { } key
            || await tokens.GetTokenInfoAsync(key, request.Caller, OwnerOf(request), request.Aborted) is not { } token)
            return RefusalPage.Of(StatusCodes.Status404NotFound);
        return new PageResult<RevokePage, RevokeView>(
            new RevokeView(request.SignedInUser, token, request.Owner, IsSession: key == request.Session, tokens.ShowsUsage));
    }

    public async Task<IResult> RevokeAsync(PageRequest request)
    {
        if (KeyOf(request) is not { } key)
            return RefusalPage.Of(StatusCodes.Status404NotFound);
        // If the form is sent again, the token is already revoked, which is not an error.
        if (!await tokens.DeleteTokenAsync(key, request.Caller, OwnerOf(request)) && !await WasRevokedAsync(request, key))
            return RefusalPage.Of(StatusCodes.Status404NotFound);
        if (key == request.Session)
        {
            return new PageResult<MessagePage, MessageView>(new MessageView(
                SignedInUser: null, "Signed out", "The session of this browser is revoked.",
                (authorization.LoginAddress(PageAddresses.Tokens), "Sign in again")));
        }
        var back = PageAddresses.TokensOf(request.Owner);
        Redirection.Write(request.Context, $"{back}{(request.Owner is null ? '?' : '&')}revoked={Uri.EscapeDataString(key.Value)}");
        return Results.Empty;
    }

    private async Task<bool> WasRevokedAsync(PageRequest request, TokenKey key)
    {
        var filter = new HistoryFilter { Username = OwnerOf(request), Key = key };
        var page = await tokens.GetChangeHistoryAsync(
            request.Caller, new HistoryRequest<HistoryFilter>(filter, Cursor: null, Limit: null), request.Aborted);
        return await page.Rows.AnyAsync(change => change.Token == key && change.Action == ChangeAction.Revoke, request.Aborted);
    }

    private static string OwnerOf(PageRequest request) => request.Owner ?? request.Caller.Username;

    /// <summary>Returns the key in the address; null if it is not valid.</summary>
    private static TokenKey? KeyOf(PageRequest request) =>
        UserRules.IsUsername(OwnerOf(request)) ? PageRequest.KeyOf(request.Context.Request.RouteValues["key"] as string) : null;
}
