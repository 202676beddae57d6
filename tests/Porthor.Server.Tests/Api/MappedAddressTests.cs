using System.Net;
using Porthor.History;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Api;

/// <summary>Stored IPv4-mapped addresses.</summary>
public sealed class MappedAddressTests(ApiServers servers) : IClassFixture<ApiServers>
{
    /// <summary>Older versions and Gafaelfawr stored the IPv4-mapped addresses of some proxies unchanged.</summary>
    [Theory, EveryMode]
    public async Task Mapped_addresses_of_old_entries_are_found_as_IPv4(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var key = Token.Create().Key;
        await using (var transaction = await server.Host.Core.Sql.TokenIndex.BeginAsync(
            TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))
        {
            transaction.Add([new TokenChange
            {
                Token = key, Username = "long-ago", TokenType = TokenType.Session, Scopes = ScopeSet.Empty, Actor = "long-ago",
                Action = ChangeAction.Create, IpAddress = IPAddress.Parse("198.51.100.7").MapToIPv6(),
                EventTime = DateTimeOffset.FromUnixTimeSeconds(server.Now),
            }]);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
        foreach (var (query, isFound) in (IEnumerable<(string, bool)>)[
            ("198.51.100.7", true), ("198.51.100.7/32", true), ("198.51.100.0/24", true), ("0.0.0.0/0", true),
            ("::ffff:198.51.100.7", true), ("::ffff:198.51.100.0/120", true),
            ("198.51.100.8", false), ("198.51.101.0/24", false), ("2001:db8::/32", false)])
        {
            var answer = await server.GetAsync(
                $"/history/token-changes?username=long-ago&limit=5&ip_address={Uri.EscapeDataString(query)}", server.Bootstrap);
            answer.StatusCode.ShouldBe(200, query);
            answer.Json.EnumerateArray().Select(entry => entry.GetProperty("ip_address").GetString())
                .ShouldBe(isFound ? ["198.51.100.7"] : [], query);
            answer.Header("X-Total-Count").ShouldBe(isFound ? "1" : "0", query);
        }
    }
}
