namespace Porthor.OpenIdConnect;

/// <summary>Represents the refusal of a request to the token endpoint (contract/oidc-server.md 7.2).</summary>
/// <param name="Code">The error code for the client.</param>
/// <param name="Summary">The text of the log line.</param>
/// <param name="Reason">The reason for the log.</param>
/// <param name="HidesReason">True if the client gets only the summary.</param>
public sealed record OAuthError(string Code, string Summary, string Reason, bool HidesReason = false)
{
    /// <summary>The error code of <see cref="TemporarilyUnavailable"/>.</summary>
    public const string Unavailable = "temporarily_unavailable";

    /// <summary>The maximum length of a message for the client, which repeats values of the request.</summary>
    private const int LongestDescription = 1000;

    /// <summary>The time after which the client may repeat the request; null if the error does not depend on the time.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Returns the message for the client. A long message is cut.</summary>
    public string Description => HidesReason ? Summary : Reason.Length <= LongestDescription ? Reason : Cut(Reason);

    /// <summary>Returns an error about a parameter.</summary>
    public static OAuthError InvalidRequest(string reason) => new("invalid_request", "Invalid request", reason);

    /// <summary>Returns the error for an unknown grant type.</summary>
    public static OAuthError UnsupportedGrantType(string grantType) =>
        new("unsupported_grant_type", "Unsupported grant type", $"Invalid grant type {grantType}");

    /// <summary>Returns an error about the authentication of the client.</summary>
    public static OAuthError InvalidClient(string reason) => new("invalid_client", "Unauthorized client", reason);

    /// <summary>Returns the error for a client for which too many wrong secrets were presented. The secret was not compared.</summary>
    public static OAuthError TooManyFailures(string reason, TimeSpan retryAfter) =>
        InvalidClient(reason) with { RetryAfter = retryAfter };

    /// <summary>Returns an error about the authorization code. The client does not get the reason.</summary>
    public static OAuthError InvalidGrant(string reason) => new("invalid_grant", "Invalid authorization code", reason, HidesReason: true);

    /// <summary>Returns the error for a session that is not in the token index.</summary>
    public static OAuthError InvalidToken(string reason) => new("invalid_token", "Invalid token", reason);

    /// <summary>Returns the error for a request that cannot be answered at the moment. The client may repeat it.</summary>
    public static OAuthError TemporarilyUnavailable(string reason) => new(Unavailable, "Token endpoint is busy", reason);

    /// <summary>Returns the beginning of a text, without half of a surrogate pair at its end.</summary>
    private static string Cut(string text) =>
        text[..(char.IsHighSurrogate(text[LongestDescription - 1]) ? LongestDescription - 1 : LongestDescription)] + "...";
}
