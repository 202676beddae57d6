using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Porthor;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Tokens;
using Porthor.Values;

// Runs a node in its own process. Arguments: the connection string, the session key, and for cluster mode the port and number of a Redis
// database. Reads lines 'TOKEN SERVICE SCOPES', creates that child token, and prints the child token or the error.
var settings = new PorthorSettings
{
    Mode = args.Length > 2 ? DeploymentMode.Cluster : DeploymentMode.Database,
    DataDirectory = "",
    DatabaseConnection = new Secret(args[0]),
    SessionKeys = [FernetKey.TryParse(args[1])!],
    Tokens = new TokenOptions
    {
        KnownScopes = new[] { "admin:token", "read:all", "read:some", "user:token" }.ToDictionary(
        name => name, _ => "")
    },
    PersistentRedis = args.Length > 2
        ? new RedisOptions { Host = "127.0.0.1", Port = int.Parse(args[2], null), Database = int.Parse(args[3], null) }
        : null,
};
await using var core = PorthorDeployment.Open(settings, NullLoggerFactory.Instance, TimeProvider.System);
await StartupValidation.ForServerAsync(core, CancellationToken.None);
while (true)
{
    try
    {
        await core.RecordStore.CheckAsync(CancellationToken.None);
        break;
    }
    catch (StoreUnavailableException)
    {
        await Task.Delay(20);
    }
}
Console.WriteLine("ready");

while (await Console.In.ReadLineAsync() is { } line)
{
    var words = line.Split(' ');
    try
    {
        var record = await core.Tokens.GetDataAsync(Token.Parse(words[0])) ?? throw PorthorError.InvalidToken("not valid").ToException();
        var scopes = ScopeSet.Parse(words[2]).Intersect(record.Scopes);
        var child = await core.Tokens.GetInternalTokenAsync(new Caller(record, IPAddress.Loopback), words[1], scopes);
        Console.WriteLine(child.Reveal());
    }
    catch (PorthorException e)
    {
        Console.WriteLine(e.Error.Kind);
    }
}
