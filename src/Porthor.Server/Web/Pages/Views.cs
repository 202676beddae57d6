using Porthor.History;
using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Web.Pages;

// What pages show: a record for each, public as Razor's components are.

/// <param name="User">Null if the directory cannot tell.</param>
/// <param name="Scopes">Those of the session, with what they mean.</param>
/// <param name="Refusal">Why this session may not see tokens; null if it may.</param>
/// <param name="Session">The token that this browser holds.</param>
/// <param name="Revoked">A revocation that has just been made.</param>
public sealed record TokensView(
    Visitor Visitor,
    UserInfo? User,
    IReadOnlyList<(string Name, string Description)> Scopes,
    PorthorError? Refusal,
    IReadOnlyList<TokenSection> Sections,
    bool ShowsUsage,
    DateTimeOffset Now,
    TokenKey Session,
    TokenChange? Revoked);

/// <param name="Scopes">Those that the session may give away, with what they mean.</param>
/// <param name="Lifetimes">Choices of how long a token may last: the form's value, and what people read.</param>
public sealed record NewTokenView(
    Visitor Visitor,
    PorthorError? Refusal,
    NewTokenForm Form,
    IReadOnlyList<(string Name, string Description)> Scopes,
    IReadOnlyList<(string Value, string Text)> Lifetimes);

public sealed record CreatedTokenView(Visitor Visitor, string Name, Token Token, ScopeSet Scopes, DateTimeOffset? Expires);

/// <param name="Made">What the form did when it was sent first.</param>
public sealed record RepeatedFormView(Visitor Visitor, TokenChange Made);

/// <param name="Owner">Whose it is, where that is not the visitor.</param>
/// <param name="IsSession">It is what this browser is signed in with.</param>
public sealed record RevokeView(Visitor Visitor, TokenInfo Token, string? Owner, bool IsSession, bool ShowsUsage);

/// <param name="Key">The one token whose changes these are; null if all are shown.</param>
public sealed record HistoryView(Visitor Visitor, PorthorError? Refusal, TokenKey? Key, ChangePage Page);

/// <param name="Page">Null if what was asked is wrong.</param>
public sealed record AllHistoryView(
    Visitor Visitor, ChangePage? Page, IReadOnlyDictionary<string, string> Parameters, IReadOnlyDictionary<string, string> Errors)
{
    public string? Asked(string name) => Parameters.GetValueOrDefault(name);

    public string? Error(string name) => Errors.GetValueOrDefault(name);
}

/// <summary>Represents the tokens of a user that have the same origin.</summary>
/// <param name="Id">The section's anchor, and the name of the query parameter with the start of its page.</param>
/// <param name="Empty">The text for an empty section; null if an empty section is left out.</param>
public sealed record TokenSectionKind(string Id, string Title, IReadOnlyList<TokenType> Types, string? Empty);

/// <summary>One page of a section.</summary>
/// <param name="Count">How many tokens the section has on all pages.</param>
/// <param name="Newest">The address of the first page; null on the first page.</param>
/// <param name="Older">The address of the next page; null on the last page.</param>
public sealed record TokenSection(TokenSectionKind Kind, IReadOnlyList<TokenInfo> Tokens, long Count, string? Newest, string? Older)
{
    public static readonly IReadOnlyList<TokenSectionKind> Kinds =
    [
        new("made", "Made for programs", [TokenType.User, TokenType.Service], "No tokens yet. A token lets a program act in a user's name, within the scopes it is given."),
        new("sessions", "Sessions", [TokenType.Session], Empty: null),
        new("given", "Given to services", [TokenType.Internal, TokenType.Notebook, TokenType.Oidc], Empty: null),
    ];
}

/// <param name="Sections">Null if no user was searched for.</param>
public sealed record SearchView(
    Visitor Visitor,
    string Username,
    string? Error,
    IReadOnlyList<TokenSection>? Sections,
    bool ShowsUsage,
    DateTimeOffset Now,
    TokenKey Session,
    TokenChange? Revoked);

/// <param name="Visitor">Null for whoever is not signed in.</param>
/// <param name="Link">Where to go from there.</param>
public sealed record MessageView(Visitor? Visitor, string Title, string Text, (string Address, string Text)? Link = null);

/// <summary>A page of history, and where those beside it are; null where there is none.</summary>
public sealed record ChangePage(IReadOnlyList<TokenChange> Rows, long Count, string? Newest, string? Newer, string? Older)
{
    public static readonly ChangePage Empty = new([], 0, Newest: null, Newer: null, Older: null);
}

/// <param name="Action">Where the form is sent.</param>
/// <param name="State">Names the login that it is shown for.</param>
/// <param name="Username">What was typed before, if it can be a name.</param>
/// <param name="Error">Why the last attempt was not let in; null for the first.</param>
public sealed record SignInView(string Action, string State, string Username = "", string? Error = null)
{
    /// <summary>The state is for the visitor's own form.</summary>
    public override string ToString() => Username;
}

/// <param name="Error">As HTML.</param>
/// <param name="ErrorId">By which those who run the service find what happened in the log; null for no need.</param>
/// <param name="Footer">The operator's own HTML; null for none.</param>
/// <param name="Again">Where another login begins; null for nowhere.</param>
public sealed record LoginFailedView(string Error, string? ErrorId, string? Footer, string? Again);
