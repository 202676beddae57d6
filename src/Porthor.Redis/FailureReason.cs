using System.Security.Authentication;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Describes a failure for the readiness response, without addresses and secrets.</summary>
internal static class FailureReason
{
    /// <summary>
    /// Returns the reason that the server or the TLS library reported, for example NOPERM with the name of the command. Returns null if
    /// there is no reason that may be shown.
    /// </summary>
    public static string? Of(Exception? failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case RedisServerException { Kind: RedisErrorKind.Moved or RedisErrorKind.Ask }:
                    return "the server is a node of a Redis Cluster and does not have the key (MOVED)";
                case RedisServerException or NotPrimaryException or AuthenticationException:
                    return cause.Message;
                case RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure, InnerException: null }:
                    return cause.Message;
            }
        }
        return null;
    }

    /// <summary>Returns the operation, with the reason of its failure if the reason may be shown.</summary>
    public static string Describe(string what, Exception failure) => Of(failure) is { } reason ? $"{what}: {reason}" : what;
}
