using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents the state that a server reports about itself.</summary>
/// <param name="Role">The role in the terms of Redis: <c>master</c>, <c>slave</c> or <c>sentinel</c>.</param>
/// <param name="DataId">Identifies the history of the data (<c>master_replid</c>); null if the server does not report it.</param>
/// <param name="WasPromoted">
/// True if the server was a replica before it became the primary, so that another server may have been the primary shortly before; null if
/// the server does not report it.
/// </param>
internal sealed record ServerState(string Role, string? DataId, bool? WasPromoted)
{
    private const string NoReplicationId = "0000000000000000000000000000000000000000";

    public bool IsPrimary => Role == "master";

    /// <summary>Parses the reply of <c>INFO replication</c>. Returns null if it contains no role.</summary>
    public static ServerState? FromInfo(string info)
    {
        var role = Field(info, "role");
        if (role is null)
            return null;
        bool? wasPromoted = Field(info, "master_replid2") is { } former ? former != NoReplicationId : null;
        return new ServerState(role, Field(info, "master_replid"), wasPromoted);
    }

    /// <summary>Parses the reply of <c>ROLE</c>, whose first element is the role.</summary>
    public static ServerState FromRole(RedisResult reply) => new((string?)reply[0] ?? "", DataId: null, WasPromoted: null);

    /// <summary>Parses the reply of <c>HELLO</c>, which contains names and values alternately.</summary>
    public static ServerState FromHello(RedisResult reply)
    {
        for (var index = 0; index + 1 < reply.Length; index += 2)
        {
            if ((string?)reply[index] == "role")
                return new ServerState((string?)reply[index + 1] ?? "", DataId: null, WasPromoted: null);
        }
        return new ServerState("", DataId: null, WasPromoted: null);
    }

    /// <summary>Returns the value of a field in a reply of <c>INFO</c>; null if the reply does not contain it.</summary>
    public static string? Field(string info, string name)
    {
        foreach (var line in info.AsSpan().EnumerateLines())
        {
            if (line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.Ordinal))
                return line[(name.Length + 1)..].ToString();
        }
        return null;
    }
}

/// <summary>
/// Queries the state of a server with <c>INFO</c>. If the server does not permit it, uses <c>ROLE</c>, and then <c>HELLO</c>, which Redis
/// permits for every user.
/// </summary>
internal sealed class ServerStateQuery
{
    private volatile int method;

    /// <summary>
    /// Returns the reason why the server rejected one of the commands, for the log; null if it answered the first command.
    /// </summary>
    public string? Refusal { get; private set; }

    /// <summary>Starts again with the first command, for a new connection, because the permissions may have changed.</summary>
    public void Reset() => method = 0;

    public async Task<ServerState> ReadAsync(IDatabase database)
    {
        while (true)
        {
            var current = method;
            try
            {
                var state = current switch
                {
                    0 => ServerState.FromInfo((string?)await database.ExecuteAsync(ServerCommands.Info, "replication") ?? ""),
                    1 => ServerState.FromRole(await database.ExecuteAsync("ROLE")),
                    _ => ServerState.FromHello(await database.ExecuteAsync(ServerCommands.Hello)),
                };
                if (state is not null)
                    return state;
                method = current + 1;
            }
            catch (RedisServerException e)
                when (current < 2 && e.Kind is RedisErrorKind.NoPermission or RedisErrorKind.UnknownCommand
                    or RedisErrorKind.UnknownError or RedisErrorKind.Unknown)
            {
                Refusal = e.Message;
                method = current + 1;
            }
        }
    }
}
