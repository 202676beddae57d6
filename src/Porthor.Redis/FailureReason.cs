using System.Security.Authentication;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>What may be told of a failure to whoever asks for readiness: no address and no secret.</summary>
internal static class FailureReason
{
    /// <summary>The reason that the server or the TLS library gave, such as NOPERM and the command; null if there is none that may be shown.</summary>
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

    /// <summary>What was being done, and why it failed if that may be shown.</summary>
    public static string Describe(string what, Exception failure) => Of(failure) is { } reason ? $"{what}: {reason}" : what;
}
