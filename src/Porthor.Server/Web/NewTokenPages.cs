using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Http;
using Porthor.Server.Web.Pages;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Web;

/// <summary>Shows the form for a new token and creates the token.</summary>
internal sealed class NewTokenPages(TokenService tokens, TokenOptions options, TimeProvider clock)
{
    public Task<IResult> ShowFormAsync(PageRequest request) =>
        Task.FromResult<IResult>(ShowForm(request, NewTokenForm.Blank(options.Policy, clock.GetSecondsNow()), StatusCodes.Status200OK));

    /// <summary>
    /// Creates a token. The response to the form is the page that shows the token. It is not a redirect, because a URL of that page would
    /// reveal a secret. A reload sends the form again, and must not create a second token.
    /// </summary>
    public async Task<IResult> CreateAsync(PageRequest request)
    {
        var form = NewTokenForm.Read(request.Form!, clock.GetSecondsNow());
        if (form.HasErrors || TokenRules.Authorize(request.Caller, request.Caller.Username, requireSameUser: true) is not null)
            return ShowForm(request, form, StatusCodes.Status422UnprocessableEntity);
        if (await FindCreatedAsync(request, form) is { } created)
            return RepeatedForm(request, created);
        try
        {
            var token = await tokens.CreateUserTokenAsync(
                request.Caller, request.Caller.Username, new UserTokenRequest(form.Name, form.Scopes, form.Expires));
            var expires = form.Expires ?? options.Policy.DefaultExpires(TokenType.User, clock.GetSecondsNow());
            return new PageResult<CreatedTokenPage, CreatedTokenView>(
                new CreatedTokenView(request.SignedInUser, form.Name, token, form.Scopes, expires), StatusCodes.Status201Created);
        }
        catch (PorthorException e) when (form.TryAssign(e.Error))
        {
            // The same form was sent twice at the same time. Only one of the requests created a token.
            if (e.Error.Kind == ErrorKind.DuplicateTokenName && await FindCreatedAsync(request, form) is { } meanwhile)
                return RepeatedForm(request, meanwhile);
            var problem = Problem.Of(e.Error);
            if (problem.RetryAfter is { } wait)
                request.Context.Response.Headers.RetryAfter = wait;
            return ShowForm(request, form, problem.Status);
        }
    }

    /// <summary>
    /// Returns the history entry of the creation of a token with this name after the form was shown; null if there is none. The token may
    /// have been revoked since.
    /// </summary>
    private async Task<TokenChange?> FindCreatedAsync(PageRequest request, NewTokenForm form)
    {
        var filter = new HistoryFilter { Username = request.Caller.Username, TokenType = TokenType.User, Since = form.Shown };
        var page = await tokens.GetChangeHistoryAsync(
            request.Caller, new HistoryRequest<HistoryFilter>(filter, Cursor: null, Limit: null), request.Aborted);
        return await page.Rows.FirstOrDefaultAsync(
            change => change.Action == ChangeAction.Create && change.TokenName == form.Name, request.Aborted);
    }

    private static PageResult<RepeatedFormPage, RepeatedFormView> RepeatedForm(PageRequest request, TokenChange created) =>
        new(new RepeatedFormView(request.SignedInUser, created), StatusCodes.Status409Conflict);

    private PageResult<NewTokenPage, NewTokenView> ShowForm(PageRequest request, NewTokenForm form, int status)
    {
        var caller = request.Caller;
        var refusal = TokenRules.Authorize(caller, caller.Username, requireSameUser: true);
        return new(
            new NewTokenView(
                request.SignedInUser,
                refusal,
                form,
                [.. caller.Scopes.Names.Where(options.KnownScopes.ContainsKey).Select(name => (name, options.KnownScopes[name]))],
                NewTokenForm.Lifetimes(options.Policy)),
            refusal is null ? status : StatusCodes.Status403Forbidden);
    }
}
