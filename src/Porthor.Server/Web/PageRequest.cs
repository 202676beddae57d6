using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Web;

/// <summary>Represents an authorized request for a page. The user is signed in, and a form was sent from a page of Porthor.</summary>
/// <param name="Form">The form; null for a GET request.</param>
internal sealed record PageRequest(HttpContext Context, Caller Caller, SignedInUser SignedInUser, PageForm? Form)
{
    /// <summary>Gets the key of the session in this browser.</summary>
    public TokenKey Session => Caller.Record.Token.Key;

    /// <summary>
    /// Gets a cancellation token that is canceled when the client disconnects. Use it only for reading; changes must be completed in any
    /// case.
    /// </summary>
    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>
    /// Gets the query parameters. Pages treat empty ones as missing, because forms send unfilled fields as empty texts.
    /// </summary>
    public QueryParameters Query => field ??= new QueryParameters(Context.Request, ignoresCase: true);

    /// <summary>Parses a token key; null if it is not valid.</summary>
    public static TokenKey? KeyOf(string? text) =>
        text is { Length: TokenKey.Length } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? new TokenKey(text) : null;

    /// <summary>Gets the user in the query; null if there is none, or if it is the signed-in user.</summary>
    public string? Owner => Query["username"] is { } username && username != Caller.Username ? username : null;
}
