using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Porthor.Testing;
using YamlDotNet.RepresentationModel;

namespace Porthor.Proxies.Tests;

/// <summary>
/// Traefik is not a Debian package and is not run here. Instead the tests send the requests that its configuration files describe to a
/// Porthor server, with the headers of its <c>forwardAuth</c> middleware.
/// </summary>
public sealed class TraefikFileTests(ProxyFixture fixture) : IClassFixture<ProxyFixture>
{
    private static readonly YamlNode Http = DeployedYaml.Read("traefik/dynamic.yaml").Single()["http"];

    private static readonly (string Name, YamlNode Settings)[] Middlewares =
        [.. Http["middlewares"].Entries().Where(entry => ((YamlMappingNode)entry.Value).Children.ContainsKey("forwardAuth")).Select(
            entry => (entry.Name, entry.Value["forwardAuth"]))];

    [Fact]
    public async Task Every_rule_is_valid_and_all_its_response_headers_are_forwarded()
    {
        Middlewares.Select(middleware => middleware.Name).ShouldBe(["porthor-site", "porthor-api", "porthor-admin", "porthor-anonymous"]);
        var token = await fixture.LogInAsync("traveller", "admin:token,read:all");
        foreach (var (name, settings) in Middlewares)
        {
            var anonymous = name == "porthor-anonymous";
            var allowed = await AuthorizeAsync(settings, TestServer.Bearer(token), ("Cookie", "gafaelfawr=x; a=b"));
            allowed.StatusCode.ShouldBe(200, $"{name}: {allowed.Body}");
            var names = settings["authResponseHeaders"].Texts().ToList();
            foreach (var header in allowed.Headers.Keys.Where(
                key => key.StartsWith("X-Auth-Request-", StringComparison.OrdinalIgnoreCase) || key is "Authorization" or "Cookie"))
                names.ShouldContain(header, StringComparer.OrdinalIgnoreCase, name);
            allowed.Header("X-Auth-Request-User").ShouldBe(anonymous ? null : "traveller");

            (await AuthorizeAsync(settings)).StatusCode.ShouldBe(anonymous ? 200 : 401);
            (await AuthorizeAsync(settings, ("Accept", "text/html"))).StatusCode.ShouldBe(anonymous ? 200 : 302);
        }
    }

    /// <summary>
    /// Traefik removes the client's headers whose canonical names match the expression. Go's canonical form has a capital letter after each
    /// hyphen and small letters elsewhere.
    /// </summary>
    [Fact]
    public void Forged_headers_are_removed()
    {
        string[] setByTraefik = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri",
            "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-Ip"];
        foreach (var (name, settings) in Middlewares)
        {
            (settings["trustForwardHeader"].Text(), settings["preserveLocationHeader"].Text()).ShouldBe(("false", "true"), name);
            var removedNames = new Regex(settings["authResponseHeadersRegex"].Text(), RegexOptions.None, TimeSpan.FromSeconds(1));
            string[] replaced = [.. settings["authResponseHeaders"].Texts()];
            foreach (var (spelling, write) in SpoofTests.Spellings)
            {
                foreach (var forgedHeader in SpoofTests.Names.Select(header => Canonical(write(header))).Except(setByTraefik).Except(
                    ["X-Forwarded-Anything"]))
                    (removedNames.IsMatch(forgedHeader) || replaced.Contains(forgedHeader))
                        .ShouldBeTrue($"{name}: {forgedHeader} ({spelling})");
            }
            foreach (var odd in "!#$%&'*+.^_`|~")
                removedNames.IsMatch(Canonical($"X{odd}Auth{odd}Request{odd}User")).ShouldBeTrue($"{name}: {odd}");
            foreach (var kept in (string[])["Accept", "User-Agent", "X-Requested-With", "Origin", "X-Custom", .. setByTraefik])
                removedNames.IsMatch(kept).ShouldBeFalse(kept);
        }
        DeployedYaml.Read("traefik/traefik.yaml").Single().At("entryPoints", "web", "http", "aliasHeadersStrategy").Text()
            .ShouldBe("delete");
    }

    [Fact]
    public void Every_router_except_that_of_Porthors_pages_has_forward_authentication()
    {
        foreach (var (name, router) in Http["routers"].Entries())
        {
            string[] expected = name switch
            {
                "porthor" => ["porthor-own"],
                "refused" => ["porthor-refused"],
                _ => [name.EndsWith("-socket", StringComparison.Ordinal) ? "porthor-handshake"
                    : "porthor-plain", name.Split('-')[0] is "public" ? "porthor-anonymous" : $"porthor-{name.Split('-')[0]}"],
            };
            router["middlewares"].Texts().ShouldBe(expected);
            Http["services"].Entries().Select(entry => entry.Name).ShouldContain(router["service"].Text());
            router["rule"].Text().ShouldNotContain("/ingress");
        }
    }

    /// <summary>Before Traefik compares a path, it decodes all characters except the reserved ones of RFC 3986, section 2.2.</summary>
    [Fact]
    public void A_path_gets_the_router_of_its_rule()
    {
        foreach (var (path, rule) in RequestTargetTests.Ordinary.Where(each => !each.Path.Contains("//", StringComparison.Ordinal)))
        {
            var normalized = Normalize(path.Split('?')[0]);
            Matches("refused", normalized).ShouldBeFalse(path);
            foreach (var other in (string[])["public", "api", "admin"])
                Matches(other, normalized).ShouldBe(rule == other, $"{path} {other}");
        }
        // Traefik itself rejects or removes the other paths (sanitizePath, encodedCharacters).
        foreach (var path in (string[])[
            "/public/..;/admin/", "/public/..;x/admin/", "/public/.;x", "/public/%2e%2e;/admin/", "/public/..%2fadmin/",
            "/admin/users/..%2f..%2fpublic/", "/public%2F..%2Fadmin", "/public/..%3Badmin", "/public/%c0%ae%c0%ae/", "/;x/admin/",
            "/%3B/admin", "/public/..%20/admin", "/public/%20../admin/", "/public/..%01/admin/", "/public/..%7f/admin/",
            "/public/%0d../admin/",
            "/;%0a/admin", "/public\\x", "/public%5cx", .. RequestTargetTests.Overlong])
            Matches("refused", Normalize(path)).ShouldBeTrue(path);
        Http.At("middlewares", "porthor-refused", "ipAllowList", "rejectStatusCode").Text().ShouldBe("400");
        var encoded = DeployedYaml.Read("traefik/traefik.yaml").Single().At("entryPoints", "web", "http", "encodedCharacters");
        (encoded["allowEncodedSlash"].Text(), encoded["allowEncodedBackSlash"].Text(), encoded["allowEncodedNullCharacter"].Text())
            .ShouldBe(("true", "false", "false"));
    }

    /// <summary>Only a handshake keeps <c>Upgrade</c>, and only Traefik marks a request as a handshake.</summary>
    [Fact]
    public void Only_a_WebSocket_handshake_is_forwarded()
    {
        foreach (var (name, router) in Http["routers"].Entries().Where(entry => entry.Name is not "refused"))
        {
            var set = router["middlewares"].Texts().Select(middleware => Http["middlewares"][middleware]).First(
                middleware => ((YamlMappingNode)middleware).Children.ContainsKey("headers"))
                .At("headers", "customRequestHeaders").Entries().ToDictionary(entry => entry.Name, entry => entry.Value.Text());
            var handshake = name.EndsWith("-socket", StringComparison.Ordinal) ? "websocket" : "";
            (set["Upgrade"], set["X-Original-Upgrade"], set["HTTP2-Settings"], set["Proxy-Authorization"]).ShouldBe(
                (handshake, handshake, "", ""), name);
            if (handshake.Length > 0)
            {
                router["rule"].Text().ShouldEndWith(" && Method(`GET`) && HeaderRegexp(`Upgrade`, `(?i)^websocket$`)");
                int.Parse(router["priority"].Text()).ShouldBe(int.Parse(Http["routers"][name[..^"-socket".Length]]["priority"].Text()) + 1);
            }
        }
    }

    private static bool Matches(string router, string path)
    {
        var rule = Http["routers"][router]["rule"].Text();
        var start = rule.IndexOf("PathRegexp(`", StringComparison.Ordinal) + "PathRegexp(`".Length;
        var pattern = rule[start..rule.IndexOf("`)", start, StringComparison.Ordinal)];
        // Go writes a character with this number in another way than .NET.
        return Regex.IsMatch(
            path, pattern.Replace(@"\x{FFFD}", "\uFFFD", StringComparison.Ordinal), RegexOptions.None, TimeSpan.FromSeconds(1));
    }

    /// <summary>
    /// Returns the text that Traefik compares with the pattern of a router: the reserved characters remain encoded. Go reads each byte that
    /// is not UTF-8 as the replacement character.
    /// </summary>
    private static string Normalize(string path)
    {
        var unescaped = Regex.Replace(
            path, "%(?<code>[0-9A-Fa-f]{2})",
            match => (char)Convert.ToInt32(match.Groups["code"].Value, 16) is var c && ":/?#[]@!$&'()*+,;=%".Contains(c)
                ? match.Value.ToUpperInvariant() : c.ToString(),
            RegexOptions.None, TimeSpan.FromSeconds(1));
        ReadOnlySpan<byte> bytes = Encoding.Latin1.GetBytes(unescaped);
        var text = new StringBuilder();
        while (bytes.Length > 0)
        {
            var isValid = Rune.DecodeFromUtf8(bytes, out var rune, out var length) is OperationStatus.Done;
            text.Append(rune);
            bytes = bytes[(isValid ? length : 1)..];
        }
        return text.ToString();
    }

    private Task<Answer> AuthorizeAsync(YamlNode settings, params (string, string)[] headers) => fixture.Porthor.GetAsync(
        new Uri(settings["address"].Text()).PathAndQuery,
        [
            ("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "example.com"),
            ("X-Forwarded-Uri", "/page?a=b"),
            ("X-Forwarded-For", ProxyFixture.ClientAddress), .. headers,
        ]);

    private static string Canonical(string name) =>
        string.Join('-', name.Split('-').Select(
            part => part.Length == 0 ? "" : char.ToUpperInvariant(part[0]) + part[1..].ToLowerInvariant()));
}
