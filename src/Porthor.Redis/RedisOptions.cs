using Porthor.Secrets;
using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>One logical database of a Redis or Valkey server.</summary>
public sealed record RedisOptions
{
    public required string Host { get; init; }

    public int Port { get; init; } = 6379;

    public int Database { get; init; }

    /// <summary>The name of an ACL user; null for the default user.</summary>
    public string? User { get; init; }

    public Secret? Password { get; init; }

    /// <summary>How long any call may take before the answer is "not available".</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(1);

    internal ConfigurationOptions ToConfiguration()
    {
        var milliseconds = (int)CallTimeout.TotalMilliseconds;
        return new ConfigurationOptions
        {
            EndPoints = { { Host, Port } },
            DefaultDatabase = Database,
            User = User,
            Password = Password?.Reveal(),
            ClientName = "porthor",
            // For INFO, which tells one server from another.
            AllowAdmin = true,
            // A server that is away at the start may come; until then calls fail at once.
            AbortOnConnectFail = false,
            ConnectTimeout = milliseconds,
            AsyncTimeout = milliseconds,
            SyncTimeout = milliseconds,
            // Nothing is sent later than it was asked for: a write that arrives after its caller gave up is a write that nobody expects.
            BacklogPolicy = BacklogPolicy.FailFast,
            HeartbeatInterval = TimeSpan.FromMilliseconds(250),
            ReconnectRetryPolicy = new LinearRetry(250),
            // No second connection for messages that we do not use.
            CommandMap = CommandMap.Create(["SUBSCRIBE"], available: false),
            TieBreaker = "",
            ConfigurationChannel = "",
        };
    }
}
