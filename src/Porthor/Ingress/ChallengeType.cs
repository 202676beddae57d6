namespace Porthor.Ingress;

/// <summary>The authentication scheme by which a denied request is asked for credentials.</summary>
public enum ChallengeType
{
    /// <summary>Bearer tokens (RFC 6750).</summary>
    Bearer,

    /// <summary>HTTP Basic (RFC 7617), for clients that ask the user for a user name and a password.</summary>
    Basic,
}
