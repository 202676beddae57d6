using Porthor.Tokens;

namespace Porthor.Server.Web;

/// <summary>A request for a page that has passed the gate: somebody is signed in, and a form is one that we showed them.</summary>
/// <param name="Form">Null if the page was only asked for.</param>
internal sealed record PageRequest(HttpContext Context, Caller Caller, Visitor Visitor, PageForm? Form)
{
    /// <summary>The token that this browser holds.</summary>
    public TokenKey Session => Caller.Record.Token.Key;

    /// <summary>Ends with the client's connection. For reading; a change that was begun is finished whether anybody waits or not.</summary>
    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>A parameter of the address; null if it is not there, or empty as forms send what was not filled in.</summary>
    public string? Query(string name) => Context.Request.Query[name] is [.., { Length: > 0 } text] ? text : null;

    /// <summary>A key that an address names; null if it can be none.</summary>
    public static TokenKey? KeyOf(string? text) =>
        text is { Length: TokenKey.Length } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? new TokenKey(text) : null;

    /// <summary>The user that the address names; null if it names none but the visitor.</summary>
    public string? Owner => Query("username") is { } username && username != Caller.Username ? username : null;
}
