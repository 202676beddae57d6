using Porthor.Testing;

namespace Porthor.Proxies.Tests;

public sealed partial class HeaderTests
{
    /// <summary>
    /// A client can list headers in <c>Connection</c>, which a proxy then removes. This must not remove headers that the proxy sets.
    /// </summary>
    [Theory, EveryProxy]
    public async Task A_list_in_Connection_removes_no_header_of_the_proxy(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var username = $"listing-{proxy}".ToLowerInvariant();
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync(username)).Reveal()}";
        var listed = string.Join(", ", Identity);
        foreach (var connection in (string[][])[
            [$"close, {listed}"], [listed], [listed.ToLowerInvariant()], [listed.ToUpperInvariant().Replace(", ", ",")],
            [$"keep-alive ,\t{listed.Replace(", ", " ,\t")}"],
            ["close", .. Identity], ["close, Host, Content-Length, Transfer-Encoding", listed]])
        {
            string[] headers = [bearer, .. connection.Select(value => $"Connection: {value}"), "X-Auth-Request-User: root",
                "Content-Length: 0"];
            var arrived = (await client.GetAsync("/", headers)).AtSite();
            var description = string.Join(" | ", connection);
            arrived.Values("X-Auth-Request-User").ShouldBe([username], description);
            arrived.Values("X-Auth-Request-Email").ShouldBe([$"{username}@example.com"], description);
            arrived.Values("X-Forwarded-For").ShouldBe([ProxyFixture.ClientAddress], description);
            arrived.Values("X-Forwarded-Proto").ShouldBe(["http"], description);
            arrived.Values("X-Real-IP").ShouldBe([ProxyFixture.ClientAddress], description);
            arrived.Values("Host").ShouldBe(["example.com"], description);
            arrived.Values("Connection").ShouldBeEmpty(description);
            arrived.Values("Authorization").ShouldBeEmpty(description);
        }
    }

    /// <summary>
    /// A proxy removes the headers that the client lists in <c>Connection</c> (RFC 9110, section 7.6.1), except those that a request needs.
    /// NGINX ignores the list.
    /// </summary>
    [Theory, EveryProxy]
    public async Task A_list_in_Connection_removes_the_headers_of_the_client(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        foreach (var lines in (string[][])[
            ["close, X-Listed"], ["X-Listed"], ["keep-alive ,\tx-listed,,X-Forwarded-For"], ["Upgrade, X-LISTED"],
            // Several Connection headers are one list (RFC 9110, section 5.3).
            ["close", "X-Listed"], ["keep-alive", "close", "Host, X-Listed"], ["", "X-Listed"],
            ["Host, X-Listed"], ["X-Listed, Content-Length"], ["transfer-encoding,host,Host ,host", "x-listed,Host"],
            ["X_Odd, X-Listed"]])
        {
            var connection = string.Join(" | ", lines);
            var arrived = (await client.GetAsync(
                "/public/", [.. lines.Select(line => $"Connection: {line}"), "X-Listed: 1", "X-Custom: kept", "X-Host: kept"])).AtSite();
            arrived.Values("X-Listed").Count.ShouldBe(proxy == Proxy.Nginx ? 1 : 0, connection);
            arrived.Values("X-Host").ShouldBe(["kept"], connection);
            (arrived.Values("X-Custom").Single(), arrived.Values("Host").Single(), arrived.Values("X-Forwarded-For").Single()).ShouldBe(
                ("kept", "example.com", ProxyFixture.ClientAddress));
        }
        foreach (var connection in (string[])["Host", "close, hOsT", "Content-Length", "Transfer-Encoding"])
        {
            foreach (var body in (string[])["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"])
            {
                var answer = await client.SendTextAsync(
                    $"POST /public/ HTTP/1.1\r\nHost: example.com\r\nConnection: {connection}\r\n{body}");
                var arrived = answer.AtSite();
                arrived.Values("Host").ShouldBe(["example.com"], connection);
                (arrived.Values("Content-Length").Count + arrived.Values("Transfer-Encoding").Count).ShouldBe(1, connection);
            }
        }
    }

    /// <summary>
    /// For every value of Connection, Porthor and its pages receive the client's address and no header that is meant for the proxy.
    /// </summary>
    [Theory, EveryProxy]
    public async Task Porthor_gets_the_headers_of_the_proxy(Proxy proxy)
    {
        var client = await recording.ConnectAsync(proxy);
        foreach (var connection in (string[])[
            "close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Original-URL, X-Original-Method, X-Forwarded-Method, "
                + "X-Forwarded-Uri", "x-forwarded-for"])
        {
            string[] headers = [$"Connection: {connection}", "Keep-Alive: 5", "TE: trailers", "Trailer: X", "Proxy-Connection: keep-alive",
                "Proxy-Authorization: Bearer x"];
            foreach (var path in (string[])["/", "/public/", "/auth/tokens", "/login"])
            {
                var seen = recording.Site.Requests.Count;
                (await client.GetAsync(path, headers)).Status.ShouldBe(200);
                foreach (var arrived in recording.Site.Requests.Skip(seen))
                {
                    var description = $"{connection} {path} {string.Join(" | ", arrived.Lines)}";
                    arrived.Values("X-Forwarded-For").ShouldBe([ProxyFixture.ClientAddress], description);
                    arrived.Values("X-Forwarded-Proto").ShouldBe(["http"], description);
                    foreach (var name in (string[])["Keep-Alive", "TE", "Trailer", "Proxy-Connection", "Proxy-Authorization"])
                        arrived.Variables(name).ShouldBeEmpty(description);
                    arrived.Values("Connection").ShouldAllBe(value => value == "keep-alive", description);
                    if (proxy == Proxy.Nginx && arrived.Target.StartsWith("/ingress/", StringComparison.Ordinal))
                        arrived.Values("X-Original-Method").ShouldBe(["GET"], description);
                    else if (arrived.Target.StartsWith("/ingress/", StringComparison.Ordinal))
                        (arrived.Values("X-Forwarded-Method").Single(), arrived.Values("X-Forwarded-Uri").Single())
                            .ShouldBe(("GET", path), description);
                }
            }
        }
    }
}
