using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>The filters of the history: HIS-005 to HIS-010, deviations 6, WEAK-07.</summary>
public sealed partial class HistoryFilterTests(HistoryFilterTests.HistoryServers servers) : IClassFixture<HistoryFilterTests.HistoryServers>
{
    [Theory, EveryMode]
    public async Task Every_filter_returns_the_matching_entries(Mode mode)
    {
        var (server, keys, _) = await servers.GetWithHistoryAsync(mode);
        var last = server.Now;
        foreach (var (query, expected) in (IEnumerable<(string, string)>)[
            ("", "service made admin notebook internal session"),
            // HIS-005, HIS-006
            ("username=alice", "made notebook internal session"), ("username=bruno", "admin"), ("username=carla", ""),
            ("actor=%3Cbootstrap%3E", "service"), ("actor=bruno", "made admin"), ("actor=%3Cinternal%3E", ""),
            ("username=alice&actor=bruno", "made"),
            // HIS-007: a token and its children.
            ($"key={keys["session"]}", "notebook internal session"), ($"key={keys["internal"]}", "internal"),
            ($"key={new string('x', 22)}", ""),
            // HIS-008
            ("token_type=internal", "internal"), ("token_type=session", "admin session"), ("token_type=oidc", ""),
            ($"token_type=internal&key={keys["session"]}", "internal"), ($"token_type=user&key={keys["session"]}", ""),
            // HIS-009: addresses in any spelling, and blocks; a block of one address contains it.
            ("ip_address=192.0.2.17", "internal session"), ("ip_address=192.0.2.0/24", "notebook internal session"),
            ("ip_address=192.0.2.16/31", "internal session"),
            ("ip_address=192.0.2.17/32", "internal session"), ("ip_address=192.0.2.0/255.255.255.0", "notebook internal session"),
            ("ip_address=0.0.0.0/0", "service notebook internal session"),
            ("ip_address=2001:db8:0:1::5", "admin"), ("ip_address=2001:0DB8:0000:0001:0:0:0:0005", "admin"),
            ("ip_address=2001:db8::/32", "made admin"),
            ("ip_address=2001:db8:0:2::6/128", "made"), ("ip_address=::/0", "made admin"), ("ip_address=10.0.0.0/8", ""),
            ("ip_address=::ffff:192.0.2.17", "internal session"),
            // HIS-010: both limits are inclusive, in every format of a time.
            ($"since={last}", "service"), ($"since={last + 1}", ""), ($"until={last - 50}", "session"), ($"until={last - 51}", ""),
            ($"since={last - 40}&until={last - 20}", "admin notebook internal"), ($"since={last - 10}.000001", "service"),
            ($"since={(last - 10) * 1000}", "service made"),
            ($"until={Iso(last - 50)}", "session"),
            ($"until={Uri.EscapeDataString(Iso(last - 50).Replace("Z", "+00:00", StringComparison.Ordinal))}", "session"),
            ($"until={Iso(last - 50).Replace("Z", "", StringComparison.Ordinal)}", "session"),
            ($"until={Iso(last - 50).Replace("T", "+", StringComparison.Ordinal)}", "session"),
            ("since=9999-12-31", ""), ("until=0001-01-01", ""), ("since=1970-01-01", "service made admin notebook internal session"),
            // Of several equal parameters the last one applies, and unknown parameters are ignored.
            ("username=bruno&username=alice", "made notebook internal session"),
                ("nonsense=1&Username=bruno", "service made admin notebook internal session")])
        {
            var answer = await server.GetAsync($"/history/token-changes?{query}", server.Bootstrap);
            answer.StatusCode.ShouldBe(200, query);
            var names = answer.Json.EnumerateArray().Select(
                entry => keys.Single(key => key.Value.Value == entry.GetProperty("token").GetString()).Key);
            string.Join(' ', names).ShouldBe(expected, query);
        }
    }

    /// <summary>HIS-011: the history of one user has the same filters. The query cannot select another user.</summary>
    [Theory, EveryMode]
    public async Task A_users_history_has_the_same_filters(Mode mode)
    {
        var (server, keys, alice) = await servers.GetWithHistoryAsync(mode);
        foreach (var (query, expected) in (IEnumerable<(string, string)>)[
            ("", "made notebook internal session"), ("token_type=internal", "internal"),
            ($"key={keys["session"]}", "notebook internal session"),
            ($"key={keys["admin"]}", ""), ("ip_address=192.0.2.18", "notebook"), ("ip_address=2001:db8::/32", "made"),
            ($"since={server.Now - 40}", "made notebook internal"), ("username=bruno&actor=bruno", "made notebook internal session")])
        {
            var answer = await server.GetAsync($"/users/alice/token-change-history?{query}", alice);
            answer.StatusCode.ShouldBe(200, query);
            var names = answer.Json.EnumerateArray().Select(
                entry => keys.Single(key => key.Value.Value == entry.GetProperty("token").GetString()).Key);
            string.Join(' ', names).ShouldBe(expected, query);
        }
    }

    /// <summary>WEAK-07, deviations 5.</summary>
    [Theory, EveryMode]
    public async Task An_invalid_address_is_rejected_with_the_reason(Mode mode)
    {
        var (server, _, alice) = await servers.GetWithHistoryAsync(mode);
        foreach (var (sent, reason) in (IEnumerable<(string, string)>)[
            ("", "'' does not appear to be an IPv4 or IPv6 address"),
            ("127.0.0.400", "'127.0.0.400' does not appear to be an IPv4 or IPv6 address"),
            ("192.0.2.017", "'192.0.2.017' does not appear to be an IPv4 or IPv6 address"),
            (" 192.0.2.1", "' 192.0.2.1' does not appear to be an IPv4 or IPv6 address"),
            ("192.0.2", "'192.0.2' does not appear to be an IPv4 or IPv6 address"),
            ("3221225985", "'3221225985' does not appear to be an IPv4 or IPv6 address"),
            ("0xC0.0.2.1", "'0xC0.0.2.1' does not appear to be an IPv4 or IPv6 address"),
            ("١.2.3.4", "'١.2.3.4' does not appear to be an IPv4 or IPv6 address"),
            ("fe80::1%", "'fe80::1%' does not appear to be an IPv4 or IPv6 address"),
            ("1.2.3.4%eth0", "'1.2.3.4%eth0' does not appear to be an IPv4 or IPv6 address"),
            ("fe80::1%a%b", "'fe80::1%a%b' does not appear to be an IPv4 or IPv6 address"),
            ("[::1]", "'[::1]' does not appear to be an IPv4 or IPv6 address"),
            ("1.2.3.4\0", "'1.2.3.4\0' does not appear to be an IPv4 or IPv6 address"),
            ("'; DROP TABLE token; --", "''; DROP TABLE token; --' does not appear to be an IPv4 or IPv6 address"),
            ("192.0.2.0/33", "'192.0.2.0/33' does not appear to be an IPv4 or IPv6 network"),
            ("192.0.2.0/", "'192.0.2.0/' does not appear to be an IPv4 or IPv6 network"),
            ("fe80::%eth0/129", "'fe80::%eth0/129' does not appear to be an IPv4 or IPv6 network"),
            ("192.0.2.0/24/24", "'192.0.2.0/24/24' does not appear to be an IPv4 or IPv6 network"),
            ("192.0.2.1/24", "192.0.2.1/24 has host bits set"), ("2001:db8::1/32", "2001:db8::1/32 has host bits set")])
        {
            (await server.GetAsync($"/history/token-changes?ip_address={Uri.EscapeDataString(sent)}", server.Bootstrap))
                .ShouldBeError(422, "invalid_ip_address", $"Invalid IP address: {reason}", "query", "ip_address");
        }
        // The permission is checked before the parameters.
        (await server.GetAsync("/users/bruno/token-change-history?ip_address=nonsense", alice))
            .ShouldBeError(403, "permission_denied", "Cannot act on tokens for user bruno");
    }

    /// <summary>A zone is valid in an address, but no stored address has one (contract/tokens.md 7.9).</summary>
    [Theory, EveryMode]
    public async Task An_address_with_a_zone_matches_nothing(Mode mode)
    {
        var (server, _, alice) = await servers.GetWithHistoryAsync(mode);
        foreach (var sent in (string[])["fe80::1%eth0", "2001:db8::%1/32", "::%x/0", "fe80::1%eth0/128"])
        {
            foreach (var path in (string[])["/users/alice/token-change-history", "/history/token-changes"])
            {
                var query = $"{path}?ip_address={Uri.EscapeDataString(sent)}";
                (await server.GetAsync(query, path.StartsWith("/users", StringComparison.Ordinal) ? alice : server.Bootstrap))
                    .ShouldBe(200, "[]");
                var page = await server.GetAsync(
                    $"{query}&limit=5", path.StartsWith("/users", StringComparison.Ordinal) ? alice : server.Bootstrap);
                page.ShouldBe(200, "[]");
                page.Header("X-Total-Count").ShouldBe("0");
            }
        }
    }

    private static string Iso(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
