using System.Text;
using System.Text.RegularExpressions;
using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>
/// Porthor tokens in headers other than <c>Authorization</c> and <c>Cookie</c>, in every encoding that Porthor recognizes.
/// </summary>
public sealed class TokenHeaderTests(RawProxyFixture fixture) : IClassFixture<RawProxyFixture>
{
    private static readonly string[] Paths = ["/", "/api/", "/admin/", "/public/"];

    /// <summary>Header names that no configuration lists.</summary>
    private static readonly string[] OtherNames = ["X-Other", "x-custom-header", "Accept-Language", "X-Note", "X-Requested-With", "Via"];

    [Theory, EveryProxy]
    public async Task No_token_reaches_the_site_in_a_listed_header(Proxy proxy)
    {
        var listed = Regex.Matches(
            await File.ReadAllTextAsync(ProxyProcess.Source("nginx/porthor/pass.conf")), @"proxy_set_header (?<name>[\w-]+) \$porthor_in_",
            RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            .Select(match => match.Groups["name"].Value).ToList();
        listed.Count.ShouldBeGreaterThan(30);
        listed.ShouldContain("Sec-WebSocket-Protocol");
        await NoTokenArrivesAsync(await fixture.ConnectRawAsync(proxy), listed);
    }

    [Theory, EveryProxy]
    public async Task No_token_reaches_the_site_in_any_header(Proxy proxy)
    {
        if (proxy != Proxy.Nginx)
        {
            await NoTokenArrivesAsync(await fixture.ConnectRawAsync(proxy), OtherNames);
            return;
        }
        // NGINX checks all headers only with its Lua module.
        Prerequisites.SkipWhen(ProxyProcess.LuaSkipReason());
        await using var process = await ProxyProcess.StartNginxWithLuaAsync(fixture.Porthor.Url.Authority, fixture.SiteAddress);
        await NoTokenArrivesAsync(new RawClient(process.Port), OtherNames);
    }

    /// <summary>Tests the headers that Porthor itself rewrites, with a token in every encoding beside other credentials.</summary>
    [Theory, EveryProxy]
    public async Task No_token_reaches_the_site_in_Authorization_or_Cookie(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var token = (await fixture.LogInAsync("credentials", "admin:token,read:all")).Reveal();
        var (_, cookie) = fixture.Porthor.Cookie(
            new SessionState { Token = await fixture.LogInAsync("credentials", "admin:token,read:all") });
        string[] values = [.. Encodings(token), $"Bearer {token},Digest b", $"Digest b, Bearer {token}", $"Bearer\t{token}",
            $"bearer {token} x", $"Bearer \"{token}\""];
        foreach (var value in values)
        {
            foreach (var path in Paths)
            {
                foreach (var headers in (string[][])[
                    [$"Authorization: {value}"], [$"Authorization: {value}", $"Cookie: {cookie}"],
                    ["Authorization: Digest b", $"Authorization: {value}", $"Cookie: {cookie}"],
                    [$"Cookie: a={value}; {cookie}"], [$"Cookie: {cookie}", $"Cookie: a={value}"],
                    [$"Proxy-Authorization: {value}", $"Cookie: {cookie}"]])
                {
                    var answer = await client.GetAsync(path, headers);
                    if (answer.Status != 200)
                        answer.Status.ShouldBeOneOf([400, 401], $"{path} {string.Join(" | ", headers)}");
                    else
                        answer.AtSite().Lines.ShouldAllBe(
                            line => !line.Contains(value) && !line.Contains(token), $"{path} {string.Join(" | ", headers)}");
                }
            }
        }
    }

    /// <summary>NGINX without its Lua module forwards other headers, as documented.</summary>
    [Fact]
    public async Task NGINX_forwards_headers_that_are_not_listed()
    {
        Prerequisites.SkipWhen(ProxyProcess.SkipReason(Proxy.Nginx));
        var token = (await fixture.LogInAsync("unlisted")).Reveal();
        (await (await fixture.ConnectRawAsync(Proxy.Nginx)).GetAsync(
            "/", $"Authorization: Bearer {token}", $"X-Other: {token}")).AtSite().Values("X-Other")
            .ShouldBe([token]);
    }

    private async Task NoTokenArrivesAsync(RawClient client, IReadOnlyCollection<string> names)
    {
        var token = (await fixture.LogInAsync("leaking", "admin:token,read:all")).Reveal();
        var bearer = $"Authorization: Bearer {token}";
        foreach (var value in Encodings(token))
        {
            foreach (var path in Paths)
            {
                var arrived =
                    (await client.GetAsync(path, [bearer, .. names.Select(name => $"{name}: {value}"), "X-Kept: gt-other.value"])).AtSite();
                foreach (var name in names)
                    arrived.Values(name).ShouldAllBe(left => left == "removed", $"{path} {name}: {value}");
                arrived.Values("X-Kept").ShouldBe(["gt-other.value"]);
            }
            // The second of two headers with the same name.
            foreach (var name in names)
            {
                var twice = (await client.GetAsync("/public/", $"{name}: first", $"{name}: {value}")).AtSite();
                twice.Values(name).ShouldAllBe(left => left == "removed" || left == "first", $"{name}: {value}");
            }
        }
        // Values that are only similar to a token are forwarded.
        var opaque = Convert.ToBase64String(Encoding.ASCII.GetBytes($"gt-{new string('a', 60)} and more text")).TrimEnd('=');
        foreach (var kept in (string[])["the-applications", "M\u00fcller \u00ff", $"Bearer {token[..^1]}", $"gt_{token[3..]}",
            token.Replace('.', '-'), opaque, "100%", "a%2Db"])
        {
            var arrived = (await client.GetAsync("/", [bearer, .. names.Select(name => $"{name}: {kept}")])).AtSite();
            foreach (var name in names)
                arrived.Values(name).ShouldBe([kept], name);
        }
    }

    private static IEnumerable<string> Encodings(string token)
    {
        yield return token;
        yield return $"Bearer {token}";
        yield return $"Digest a=\"b\", Bearer {token},Basic x";
        yield return $"http://example.com/?token={token}&x=1";
        yield return $"M\u00fcller {token} \u00ff";
        yield return $"x{token}y";
        yield return token.Replace(".", "%2E", StringComparison.Ordinal).Replace("gt-", "gt%2d", StringComparison.Ordinal);
        yield return string.Concat(token.Select(c => $"%{(int)c:X2}"));
        yield return string.Concat(token.Select(c => $"%{(int)c:x2}"));
        yield return string.Concat(token.Select(c => $"%25{(int)c:X2}"));
        yield return string.Concat(token.Select(c => $"%2525{(int)c:X2}"));
        for (var before = 0; before < 7; before++)
        {
            foreach (var after in (string[])["", ":x", "\u00ff\u00fe"])
            {
                var text = Convert.ToBase64String(Encoding.Latin1.GetBytes($"{new string('~', before)}{token}{after}"));
                yield return $"Basic {text}";
                yield return text.TrimEnd('=').Replace('+', '-').Replace('/', '_');
            }
        }
    }
}
