namespace Porthor.Ingress;

/// <summary>Identifies the authentication scheme of the challenge with which a request is denied (<c>WWW-Authenticate</c>).</summary>
public enum ChallengeType
{
    /// <summary>Bearer tokens (RFC 6750).</summary>
    Bearer,

    /// <summary>HTTP Basic (RFC 7617), for clients that prompt the user for a user name and a password.</summary>
    Basic,
}
