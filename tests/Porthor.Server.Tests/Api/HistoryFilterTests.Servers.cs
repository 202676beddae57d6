using System.Net;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

public sealed partial class HistoryFilterTests
{
    /// <summary>Servers with the same history in each mode.</summary>
    public sealed class HistoryServers : ApiServers
    {
        private readonly Dictionary<Mode, (Dictionary<string, TokenKey> Keys, Token Alice)> histories = [];

        /// <summary>Returns the server, the keys of its tokens by name, and the session of one of its users.</summary>
        internal async Task<(ApiServer Server, Dictionary<string, TokenKey> Keys, (string, string) Alice)> GetWithHistoryAsync(Mode mode)
        {
            var server = await GetAsync(mode);
            if (!histories.TryGetValue(mode, out var found))
                histories[mode] = found = await CreateHistoryAsync(server);
            return (server, found.Keys, TestServer.Bearer(found.Alice));
        }

        private static async Task<(Dictionary<string, TokenKey> Keys, Token Alice)> CreateHistoryAsync(ApiServer server)
        {
            var tokens = server.Host.Tokens;
            var alice = await tokens.SessionForAsync("alice", "read:all,user:token", address: IPAddress.Parse("192.0.2.17"));
            server.Clock.Advance(TimeSpan.FromSeconds(10));
            var internalToken = await tokens.GetInternalTokenAsync(alice, "tap", ScopeSet.Of("read:all"));
            server.Clock.Advance(TimeSpan.FromSeconds(10));
            var notebook = await tokens.GetNotebookTokenAsync(alice with { IpAddress = IPAddress.Parse("192.0.2.18") });
            server.Clock.Advance(TimeSpan.FromSeconds(10));
            var bruno = await tokens.SessionForAsync("bruno", "admin:token", address: IPAddress.Parse("2001:db8:0:1::5"));
            server.Clock.Advance(TimeSpan.FromSeconds(10));
            var made = await tokens.CreateTokenFromAdminRequestAsync(
                new AdminTokenRequest { Username = "alice", TokenType = TokenType.User, TokenName = "made" },
                bruno with { IpAddress = IPAddress.Parse("2001:db8:0:2::6") });
            server.Clock.Advance(TimeSpan.FromSeconds(10));
            (await server.PostAsync(
                "/tokens", new { username = "bot-one", token_type = "service" }, server.Bootstrap)).StatusCode.ShouldBe(201);
            var key = (await tokens.ListTokensAsync(TokenBuilders.Administrator(server.Clock), "bot-one")).Single().Token;
            Dictionary<string, TokenKey> keys = new()
            {
                ["session"] = alice.Record.Token.Key,
                ["internal"] = internalToken.Key,
                ["notebook"] = notebook.Key,
                ["admin"] = bruno.Record.Token.Key,
                ["made"] = made.Key,
                ["service"] = key,
            };
            return (keys, alice.Record.Token);
        }
    }
}
