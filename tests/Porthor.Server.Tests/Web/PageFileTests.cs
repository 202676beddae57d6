using System.Text.RegularExpressions;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Web;

/// <summary>The files that pages load, and the index page for browsers and programs.</summary>
public sealed partial class PageFileTests(ApiServers servers) : IClassFixture<ApiServers>
{
    [Fact]
    public async Task Files_with_a_version_are_cached_permanently_and_others_are_revalidated()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var page = await server.CreateTokenOnPageAsync(await server.LogInAsync("loader"), "with a script");
        var addresses = page.Document.QuerySelectorAll("link[href], script[src], img[src]")
            .Select(element => element.GetAttribute("href") ?? element.GetAttribute("src")!).Distinct().ToList();
        addresses.Count.ShouldBe(3);
        foreach (var address in addresses)
        {
            var file = await server.SendAsync(HttpMethod.Get, address);
            file.StatusCode.ShouldBe(200);
            file.Header("Cache-Control").ShouldBe("public, max-age=31536000, immutable");
            file.Header("X-Content-Type-Options").ShouldBe("nosniff");
            file.Header("Content-Type").ShouldBe(address.Contains(".css", StringComparison.Ordinal) ? "text/css; charset=utf-8"
                : address.Contains(".js", StringComparison.Ordinal) ? "text/javascript; charset=utf-8" : "image/svg+xml");
            file.Header("Set-Cookie").ShouldBeNull();
            foreach (var other in (string[])[address.Split('?')[0], address + "0"])
                (await server.SendAsync(HttpMethod.Get, other)).Header("Cache-Control").ShouldBe("no-cache");
            var known = await server.SendAsync(HttpMethod.Get, address, null, ("If-None-Match", file.Header("ETag")!));
            known.StatusCode.ShouldBe(304);
            known.Body.ShouldBeEmpty();
            (await server.SendAsync(HttpMethod.Get, address, null, ("If-None-Match", "\"other\""))).Body.ShouldBe(file.Body);
        }
        foreach (var path in (string[])[
            "/auth/assets/nothing.css", "/auth/assets/", "/auth/assets/..%2Fporthor.css", "/auth/assets/Porthor.css"])
            (await server.SendAsync(HttpMethod.Get, path)).StatusCode.ShouldBe(404, path);
    }

    /// <summary>
    /// The contrast of interactive text must be at least 4.5 to 1, and that of field borders at least 3 to 1 (WCAG 1.4.3, 1.4.11).
    /// </summary>
    [Fact]
    public async Task The_contrast_of_colours_is_sufficient_in_light_and_dark_mode()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var style = (await server.SendAsync(HttpMethod.Get, "/auth/assets/porthor.css")).Body;
        var blocks = Root.Matches(style).Select(block => Colour.Matches(block.Value)
            .ToDictionary(match => match.Groups["name"].Value, match => Convert.ToInt32(match.Groups["value"].Value, 16))).ToList();
        blocks.Count.ShouldBe(2);
        blocks[1].Keys.ShouldBe(blocks[0].Keys, ignoreOrder: true);
        foreach (var colours in blocks)
        {
            foreach (var (ink, ground, least) in (IEnumerable<(string, string, double)>)[
                ("ink", "ground", 7), ("ink", "paper", 7), ("ink", "tint", 7), ("ink", "danger-tint", 7), ("ink", "done-tint", 7),
                ("soft", "ground", 4.5), ("soft", "paper", 4.5), ("accent", "ground", 4.5), ("accent", "paper", 4.5),
                ("accent", "tint", 4.5),
                ("danger", "ground", 4.5), ("danger", "paper", 4.5), ("danger", "danger-tint", 4.5), ("done", "done-tint", 4.5),
                ("done", "ground", 4.5),
                ("on-accent", "accent", 4.5), ("on-danger", "danger", 4.5), ("edge", "ground", 3), ("edge", "paper", 3)])
                Contrast(colours[ink], colours[ground]).ShouldBeGreaterThanOrEqualTo(least, $"{ink} on {ground}");
        }
    }

    /// <summary>The Accept header decides: programs without it get JSON, as in the reference.</summary>
    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("application/json, text/html", false)]
    [InlineData("text/html;q=0.5, application/json", false)]
    [InlineData("application/*, text/html;q=0.9", false)]
    [InlineData("nonsense;;;", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("text/html", true)]
    [InlineData("text/*, */*;q=0.1", true)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true)]
    public async Task A_browser_that_requests_the_index_is_redirected_to_the_pages(string? accept, bool page)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.SendAsync(HttpMethod.Get, "/", null, accept is null ? [] : [("Accept", accept)]);
        answer.Header("Vary").ShouldBe("Accept");
        if (page)
        {
            answer.StatusCode.ShouldBe(307);
            answer.Header("Location").ShouldBe(PageClient.Tokens);
        }
        else
        {
            answer.StatusCode.ShouldBe(200);
            answer.Json.GetProperty("name").GetString().ShouldBe("gafaelfawr");
        }
    }

    private static double Contrast(int one, int other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(int colour) =>
        (0.2126 * Linear(colour >> 16)) + (0.7152 * Linear(colour >> 8)) + (0.0722 * Linear(colour));

    private static double Linear(int channel)
    {
        var value = (channel & 0xff) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }

    [GeneratedRegex(@":root \{[^}]*\}", RegexOptions.None, 1000)]
    private static partial Regex Root { get; }

    [GeneratedRegex("--(?<name>[a-z-]+): #(?<value>[0-9a-f]{6});", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Colour { get; }
}
