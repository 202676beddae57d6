using Porthor.History;
using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Web.Pages;

// The views contain the data of the pages. They are public, because Razor components are public.

/// <summary>Represents the data of <see cref="TokensPage"/>.</summary>
/// <param name="User">The information about the user; null if the directory is unavailable.</param>
/// <param name="Scopes">The scopes of the session, with their descriptions.</param>
/// <param name="Refusal">The reason why this session may not list tokens; null if it may.</param>
/// <param name="Session">The token of the session in this browser.</param>
/// <param name="Revoked">A recent revocation; null for none.</param>
public sealed record TokensView(
    SignedInUser SignedInUser,
    UserInfo? User,
    IReadOnlyList<(string Name, string Description)> Scopes,
    PorthorError? Refusal,
    IReadOnlyList<TokenSection> Sections,
    bool ShowsUsage,
    DateTimeOffset Now,
    TokenKey Session,
    TokenChange? Revoked);

/// <summary>Represents the data of <see cref="NewTokenPage"/>.</summary>
/// <param name="Scopes">The scopes that the session can give to a token, with their descriptions.</param>
/// <param name="Lifetimes">The choices for the lifetime: the value in the form, and the text.</param>
public sealed record NewTokenView(
    SignedInUser SignedInUser,
    PorthorError? Refusal,
    NewTokenForm Form,
    IReadOnlyList<(string Name, string Description)> Scopes,
    IReadOnlyList<(string Value, string Text)> Lifetimes);

/// <summary>Represents the data of <see cref="CreatedTokenPage"/>.</summary>
public sealed record CreatedTokenView(SignedInUser SignedInUser, string Name, Token Token, ScopeSet Scopes, DateTimeOffset? Expires);

/// <summary>Represents the data of <see cref="RepeatedFormPage"/>.</summary>
/// <param name="Created">The history entry of the token that the first submission created.</param>
public sealed record RepeatedFormView(SignedInUser SignedInUser, TokenChange Created);

/// <summary>Represents the data of <see cref="RevokePage"/>.</summary>
/// <param name="Owner">The owner of the token; null for the signed-in user.</param>
/// <param name="IsSession">True if the token is the session of this browser.</param>
public sealed record RevokeView(SignedInUser SignedInUser, TokenInfo Token, string? Owner, bool IsSession, bool ShowsUsage);

/// <summary>Represents the data of <see cref="HistoryPage"/>.</summary>
/// <param name="Key">The token whose changes are shown; null for all tokens.</param>
public sealed record HistoryView(SignedInUser SignedInUser, PorthorError? Refusal, TokenKey? Key, ChangePage Page);

/// <summary>Represents the data of <see cref="AllHistoryPage"/>.</summary>
/// <param name="Page">The changes; null if the filter is invalid.</param>
public sealed record AllHistoryView(
    SignedInUser SignedInUser, ChangePage? Page, IReadOnlyDictionary<string, string> Parameters, IReadOnlyDictionary<string, string> Errors)
{
    public string? Parameter(string name) => Parameters.GetValueOrDefault(name);

    public string? Error(string name) => Errors.GetValueOrDefault(name);
}

/// <summary>Represents the tokens of a user that have the same origin.</summary>
/// <param name="Id">The anchor of the section, and the name of the query parameter with the start of its page.</param>
/// <param name="Empty">The text for an empty section; null if an empty section is omitted.</param>
public sealed record TokenSectionKind(string Id, string Title, IReadOnlyList<TokenType> Types, string? Empty);

/// <summary>Represents one page of a section.</summary>
/// <param name="Count">The number of tokens on all pages of the section.</param>
/// <param name="Newest">The address of the first page; null on the first page.</param>
/// <param name="Older">The address of the next page; null on the last page.</param>
public sealed record TokenSection(TokenSectionKind Kind, IReadOnlyList<TokenInfo> Tokens, long Count, string? Newest, string? Older)
{
    public static readonly IReadOnlyList<TokenSectionKind> Kinds =
    [
        new(
            "made", "Personal access tokens", [TokenType.User, TokenType.Service],
            "No tokens yet. A token lets a program act in a user's name, limited to its scopes."),
        new("sessions", "Sessions", [TokenType.Session], Empty: null),
        new("given", "Delegated tokens", [TokenType.Internal, TokenType.Notebook, TokenType.Oidc], Empty: null),
    ];
}

/// <summary>Represents the data of <see cref="SearchPage"/>.</summary>
/// <param name="Sections">The tokens; null if no user was searched for.</param>
public sealed record SearchView(
    SignedInUser SignedInUser,
    string Username,
    string? Error,
    IReadOnlyList<TokenSection>? Sections,
    bool ShowsUsage,
    DateTimeOffset Now,
    TokenKey Session,
    TokenChange? Revoked);

/// <summary>Represents the data of <see cref="MessagePage"/>.</summary>
/// <param name="SignedInUser">The signed-in user; null if no user is signed in.</param>
/// <param name="Link">The link on the page; null for none.</param>
public sealed record MessageView(SignedInUser? SignedInUser, string Title, string Text, (string Address, string Text)? Link = null);

/// <summary>Represents a page of history, with the addresses of adjacent pages. An address is null if there is no such page.</summary>
public sealed record ChangePage(IReadOnlyList<TokenChange> Rows, long Count, string? Newest, string? Newer, string? Older)
{
    public static readonly ChangePage Empty = new([], 0, Newest: null, Newer: null, Older: null);
}

/// <summary>Represents the data of <see cref="SignInPage"/>.</summary>
/// <param name="Action">The address to which the form is sent.</param>
/// <param name="State">The state of the login for which the form is shown.</param>
/// <param name="Username">The username of the last attempt, if it is valid.</param>
/// <param name="Error">The error of the last attempt; null for the first attempt.</param>
public sealed record SignInView(string Action, string State, string Username = "", string? Error = null)
{
    /// <summary>Returns the username only, because the state is secret.</summary>
    public override string ToString() => Username;
}

/// <summary>Represents the data of <see cref="LoginFailedPage"/>.</summary>
/// <param name="Error">The error as HTML.</param>
/// <param name="ErrorId">The id with which operators find the error in the log; null for none.</param>
/// <param name="Footer">HTML of the operator; null for none.</param>
/// <param name="Again">The URL at which another login begins; null for no link.</param>
public sealed record LoginFailedView(string Error, string? ErrorId, string? Footer, string? Again);
