using Microsoft.AspNetCore.Http.Extensions;
using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Api;
using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Server.Web.Pages;
using Porthor.Tokens;

namespace Porthor.Server.Web;

/// <summary>Provides the pages with the history of the signed-in user and, for administrators, of all users.</summary>
internal sealed class ChangePages(TokenService tokens)
{
    private const int PageSize = 50;

    /// <summary>The error messages for users, by field. The messages of the API are for programmers.</summary>
    private static readonly Dictionary<string, string> MessageByField = new()
    {
        ["username"] = "This is not a valid username.",
        ["actor"] = "Enter a username, <bootstrap> or <internal>.",
        ["key"] = $"A key has {TokenKey.Length} characters.",
        ["since"] = "This is not a valid time.",
        ["until"] = "This is not a valid time.",
        ["token_type"] = "This is not a token type.",
    };

    public async Task<IResult> ShowOwnAsync(PageRequest request)
    {
        var caller = request.Caller;
        if (TokenRules.Authorize(caller, caller.Username) is { } refusal)
            return new PageResult<HistoryPage, HistoryView>(new HistoryView(request.SignedInUser, refusal, Key: null, ChangePage.Empty));
        var errors = new ValidationErrors();
        var parameters = new ParameterReader(request.Context, errors, blankIsNone: true);
        var filter = new HistoryFilter { Username = caller.Username, Key = parameters.QueryKey() };
        var cursor = parameters.QueryCursor();
        errors.ThrowIfAny();
        return new PageResult<HistoryPage, HistoryView>(new HistoryView(
            request.SignedInUser, Refusal: null, filter.Key, await ReadAsync(request, PageAddresses.History, filter, cursor)));
    }

    public async Task<IResult> ShowAllAsync(PageRequest request)
    {
        if (TokenRules.Authorize(request.Caller, username: null) is { } refusal)
            throw refusal.ToException();
        var errors = new ValidationErrors();
        var parameters = new ParameterReader(request.Context, errors, blankIsNone: true);
        var filter = new HistoryFilter
        {
            Username = parameters.QueryUsername(),
            Actor = parameters.QueryActor(),
            Key = parameters.QueryKey(),
            TokenType = parameters.QueryTokenType(),
            Since = parameters.QueryTime("since"),
            Until = parameters.QueryTime("until"),
        };
        var cursor = parameters.QueryCursor();
        Dictionary<string, string> fieldErrors = [];
        foreach (var (field, message) in errors.ByField)
            fieldErrors.TryAdd(field, MessageByField.GetValueOrDefault(field, message));
        try
        {
            if (parameters.QueryAddress() is { } address)
                filter = filter with { IpAddress = HistoryEndpoints.ParseAddress(address) };
        }
        catch (PorthorException e) when (e.Error.Kind == ErrorKind.InvalidIpAddress)
        {
            fieldErrors["ip_address"] = $"{e.Error.Message}.";
        }
        var page = fieldErrors.Count == 0 ? await ReadAsync(request, PageAddresses.AllHistory, filter, cursor) : null;
        return new PageResult<AllHistoryPage, AllHistoryView>(
            new AllHistoryView(request.SignedInUser, page, request.Query.NotEmpty.ToDictionary(), fieldErrors),
            page is null ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
    }

    private async Task<ChangePage> ReadAsync(PageRequest request, string address, HistoryFilter filter, string? cursor)
    {
        HistoryCursor? place = cursor is null ? null : HistoryCursor.Parse(cursor);
        var page = await tokens.GetChangeHistoryAsync(
            request.Caller, new HistoryRequest<HistoryFilter>(filter, place, PageSize), request.Aborted);
        var rows = await page.Rows.ToListAsync(request.Aborted);
        string At(HistoryCursor? cursor)
        {
            var query = new QueryBuilder(request.Query.NotEmpty.Where(parameter => parameter.Key != "cursor"));
            if (cursor is { } there)
                query.Add("cursor", there.ToString());
            return address + query.ToQueryString();
        }
        return new ChangePage(
            rows,
            page.Count ?? rows.Count,
            place is null ? null : At(cursor: null),
            page.Previous is { } newer ? At(newer) : null,
            page.Next is { } older ? At(older) : null);
    }
}
