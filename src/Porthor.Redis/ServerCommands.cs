using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>
/// Defines the commands that the driver may send. The driver must not query roles and topology, because it would then select servers, and
/// Porthor must select them. Porthor sends its own queries under the names of commands that it does not use otherwise; the command map
/// replaces these names.
/// </summary>
internal static class ServerCommands
{
    /// <summary>Sends <c>INFO</c>.</summary>
    public const string Info = "LASTSAVE";

    /// <summary>Sends <c>HELLO</c>.</summary>
    public const string Hello = "TIME";

    /// <summary>Sends <c>CLUSTER</c>.</summary>
    public const string Cluster = "LATENCY";

    /// <summary>Sends <c>SENTINEL</c>.</summary>
    public const string Sentinel = "MEMORY";

    /// <summary>Sends <c>GET</c>.</summary>
    public const string PlainGet = "STRLEN";

    /// <summary>Sends <c>SELECT</c>. The driver sends it too, but continues with another database if the server rejects it.</summary>
    public const string Select = "TOUCH";

    /// <summary>Sends <c>SET</c>.</summary>
    public const string Set = "APPEND";

    public static CommandMap Map { get; } = CommandMap.Create(new Dictionary<string, string?>
    {
        ["INFO"] = null,
        [Info] = "INFO",
        ["HELLO"] = null,
        [Hello] = "HELLO",
        ["CLUSTER"] = null,
        [Cluster] = "CLUSTER",
        ["SENTINEL"] = null,
        [Sentinel] = "SENTINEL",
        // Without options, GETEX returns the same value as GET, but Redis treats it as a write command: a replica rejects it, and so does a
        // primary that has too few replicas. A record that was read with GETEX therefore comes from a primary.
        ["GET"] = "GETEX",
        [PlainGet] = "GET",
        [Select] = "SELECT",
        [Set] = "SET",
        ["CONFIG"] = null,
        // The driver tests the role of a server with SET if it cannot query it. Porthor writes records with scripts.
        ["SET"] = null,
        // The driver can use PING instead.
        ["ECHO"] = null,
        // Prevents a second connection for messages, which Porthor does not use.
        ["SUBSCRIBE"] = null,
        // DEL needs fewer permissions, and records are small.
        ["UNLINK"] = null,
    });
}
