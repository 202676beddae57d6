using System.Text.RegularExpressions;
using Porthor.Testing;
using YamlDotNet.RepresentationModel;

namespace Porthor.Proxies.Tests;

/// <summary>
/// Traefik is no package of Debian and is not run here. What its files say is asked of a real Porthor in its place, with the
/// headers that its <c>forwardAuth</c> sends.
/// </summary>
public sealed class TraefikFileTests(Gate gate) : IClassFixture<Gate>
{
    private static readonly YamlNode Http = DeployedYaml.Read("traefik/dynamic.yaml").Single()["http"];

    private static readonly (string Name, YamlNode Ask)[] Questions =
        [.. Http["middlewares"].Entries().Where(entry => entry.Name != "porthor-own").Select(entry => (entry.Name, entry.Value["forwardAuth"]))];

    [Fact]
    public async Task Every_rule_can_be_read_and_its_answer_is_passed_on_whole()
    {
        Questions.Select(question => question.Name).ShouldBe(["porthor-site", "porthor-api", "porthor-admin", "porthor-anonymous"]);
        var token = await gate.LogInAsync("traveller", "admin:token,read:all");
        foreach (var (name, ask) in Questions)
        {
            var anonymous = name == "porthor-anonymous";
            var passed = await AskAsync(ask, TestServer.Bearer(token), ("Cookie", "gafaelfawr=x; a=b"));
            passed.StatusCode.ShouldBe(200, $"{name}: {passed.Body}");
            var names = ask["authResponseHeaders"].Texts().ToList();
            foreach (var header in passed.Headers.Keys.Where(key => key.StartsWith("X-Auth-Request-", StringComparison.OrdinalIgnoreCase) || key is "Authorization" or "Cookie"))
                names.ShouldContain(header, StringComparer.OrdinalIgnoreCase, name);
            passed.Header("X-Auth-Request-User").ShouldBe(anonymous ? null : "traveller");

            (await AskAsync(ask)).StatusCode.ShouldBe(anonymous ? 200 : 401);
            (await AskAsync(ask, ("Accept", "text/html"))).StatusCode.ShouldBe(anonymous ? 200 : 302);
        }
    }

    /// <summary>
    /// The client's own headers are taken out where the expression finds their names, in the form that Go gives them: a capital
    /// after each hyphen, and else small letters.
    /// </summary>
    [Fact]
    public void What_a_client_says_in_our_place_is_taken_out()
    {
        string[] setByTraefik = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-Ip"];
        foreach (var (name, ask) in Questions)
        {
            (ask["trustForwardHeader"].Text(), ask["preserveLocationHeader"].Text()).ShouldBe(("false", "true"), name);
            var ours = new Regex(ask["authResponseHeadersRegex"].Text(), RegexOptions.None, TimeSpan.FromSeconds(1));
            string[] replaced = [.. ask["authResponseHeaders"].Texts()];
            foreach (var (way, write) in SpoofTests.Ways)
            {
                foreach (var lie in SpoofTests.Names.Select(header => Canonical(write(header))).Except(setByTraefik).Except(["X-Forwarded-Anything"]))
                    (ours.IsMatch(lie) || replaced.Contains(lie)).ShouldBeTrue($"{name}: {lie} ({way})");
            }
            foreach (var kept in (string[])["Accept", "User-Agent", "X-Requested-With", "Origin", "X-Custom", .. setByTraefik])
                ours.IsMatch(kept).ShouldBeFalse(kept);
        }
        DeployedYaml.Read("traefik/traefik.yaml").Single().At("entryPoints", "web", "http", "underscoreHeadersStrategy").Text().ShouldBe("delete");
    }

    [Fact]
    public void Every_router_has_a_gate_but_that_of_our_own_pages()
    {
        foreach (var (name, router) in Http["routers"].Entries())
        {
            var gates = router["middlewares"].Texts().ToList();
            gates.ShouldBe([name == "porthor" ? "porthor-own" : name == "public" ? "porthor-anonymous" : $"porthor-{name}"]);
            Http["services"].Entries().Select(entry => entry.Name).ShouldContain(router["service"].Text());
            router["rule"].Text().ShouldNotContain("/ingress");
        }
    }

    private Task<Answer> AskAsync(YamlNode ask, params (string, string)[] headers) => gate.Porthor.GetAsync(
        new Uri(ask["address"].Text()).PathAndQuery,
        [
            ("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "example.com"), ("X-Forwarded-Uri", "/page?a=b"),
            ("X-Forwarded-For", Gate.ClientAddress), .. headers,
        ]);

    private static string Canonical(string name) =>
        string.Join('-', name.Split('-').Select(part => part.Length == 0 ? "" : char.ToUpperInvariant(part[0]) + part[1..].ToLowerInvariant()));
}
