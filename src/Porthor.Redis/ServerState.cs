using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>What a server reports about itself.</summary>
/// <param name="Role">As Redis names it: <c>master</c>, <c>slave</c> or <c>sentinel</c>.</param>
/// <param name="DataId">Names the history of its data (<c>master_replid</c>); null if the server does not report it.</param>
/// <param name="WasPromoted">
/// Whether it was a replica earlier, so that another server may have been the primary a moment ago; null if the server does not report it.
/// </param>
internal sealed record ServerState(string Role, string? DataId, bool? WasPromoted)
{
    private const string NoReplicationId = "0000000000000000000000000000000000000000";

    public bool IsPrimary => Role == "master";

    /// <summary>From the reply of <c>INFO replication</c>; null if it names no role.</summary>
    public static ServerState? FromInfo(string info)
    {
        var role = Field(info, "role");
        return role is null ? null : new ServerState(role, Field(info, "master_replid"), Field(info, "master_replid2") is { } former ? former != NoReplicationId : null);
    }

    /// <summary>From the reply of <c>ROLE</c>, whose first element is the role.</summary>
    public static ServerState FromRole(RedisResult reply) => new((string?)reply[0] ?? "", DataId: null, WasPromoted: null);

    /// <summary>From the reply of <c>HELLO</c>: names and values in turn.</summary>
    public static ServerState FromHello(RedisResult reply)
    {
        for (var index = 0; index + 1 < reply.Length; index += 2)
        {
            if ((string?)reply[index] == "role")
                return new ServerState((string?)reply[index + 1] ?? "", DataId: null, WasPromoted: null);
        }
        return new ServerState("", DataId: null, WasPromoted: null);
    }

    /// <summary>The value of a field of a reply of <c>INFO</c>; null if it is not there.</summary>
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
/// Asks a server for its state with the first of <c>INFO</c>, <c>ROLE</c> and <c>HELLO</c> that it permits. Redis permits <c>HELLO</c> to
/// every user.
/// </summary>
internal sealed class ServerStateQuery
{
    private volatile int method;

    /// <summary>Why the server did not answer an earlier command, for the log; null if it answered the first.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Begins again with the first command, for a new connection: permissions may have changed.</summary>
    public void Reset() => method = 0;

    public async Task<ServerState> AskAsync(IDatabase database)
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
            catch (RedisServerException e) when (current < 2 && e.Kind is RedisErrorKind.NoPermission or RedisErrorKind.UnknownCommand or RedisErrorKind.UnknownError or RedisErrorKind.Unknown)
            {
                Refusal = e.Message;
                method = current + 1;
            }
        }
    }
}
