using System.Net;
using Porthor.Identity;
using Porthor.Operations;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Testing;

/// <summary>Creates callers and tokens for tests.</summary>
public static class TokenBuilders
{
    public static readonly IPAddress Address = IPAddress.Parse("192.0.2.7");

    public static readonly UserData SomeUser = new()
    {
        Name = "Some User",
        Email = "someuser@example.com",
        Uid = 1000,
        Gid = 2000,
        Groups = [new Group("bar", 1000), new Group("foo", 1000)],
    };

    /// <summary>Creates a session of a user and returns it as a caller.</summary>
    public static async Task<Caller> SessionForAsync(
        this TokenService tokens, string username, string scopes = "user:token", UserData? userData = null, IPAddress? address = null)
    {
        var token = await tokens.CreateSessionTokenAsync(username, userData ?? SomeUser, ScopeSet.Parse(scopes), address ?? Address);
        return await tokens.CallerAsync(token, address);
    }

    /// <summary>Returns the caller that presents this token.</summary>
    public static async Task<Caller> CallerAsync(this TokenService tokens, Token token, IPAddress? address = null) =>
        new(await tokens.GetDataAsync(token) ?? throw new InvalidOperationException("The token is not valid."), address ?? Address);

    /// <summary>Returns an administrator without a token of their own.</summary>
    public static Caller Administrator(TimeProvider clock) => new(TokenRecord.Bootstrap(clock.GetUtcNow()), Address);
}
