using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>Represents the answer that allows a request.</summary>
public sealed class AllowedAnswer : IngressAnswer
{
    /// <summary>The answer to an OPTIONS request, which has no user.</summary>
    public static readonly AllowedAnswer Preflight = new();

    /// <inheritdoc/>
    public override int Status => 200;

    /// <summary>The record of the token of the request; null for an OPTIONS request.</summary>
    public TokenRecord? Record { get; init; }

    /// <summary>The user; null for an OPTIONS request.</summary>
    public UserInfo? User { get; init; }

    /// <summary>The token that the application receives; null if the rule delegates none.</summary>
    public Token? ChildToken { get; init; }

    /// <summary>
    /// True if the application does not receive the <c>Authorization</c> headers of the request. If there is a <see cref="ChildToken"/>, a
    /// header with this token replaces them; otherwise they are removed.
    /// </summary>
    public bool ReplacesAuthorization { get; init; }

    /// <summary>
    /// Sets the headers for the application (contract/ingress.md 10). The application also receives the credentials and cookies of the
    /// request, except those of Porthor.
    /// </summary>
    public void WriteHeadersTo<TTarget>(TTarget target)
        where TTarget : IHeaderTarget
    {
        if (Record is null)
            return;
        target.Set("X-Auth-Request-User", HeaderText.Clean(Record.Username));
        if (!string.IsNullOrEmpty(User?.Email))
            target.Set("X-Auth-Request-Email", HeaderText.Clean(User.Email));
        if (!string.IsNullOrEmpty(Record.Service))
            target.Set("X-Auth-Request-Service", HeaderText.Clean(Record.Service));
        if (ChildToken is null)
            return;
        target.Set("X-Auth-Request-Token", ChildToken.Reveal());
        if (ReplacesAuthorization)
            target.Set("Authorization", $"Bearer {ChildToken.Reveal()}");
    }
}
