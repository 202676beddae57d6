using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>The OpenAPI document is rendered once and not sent again to a client that has cached it.</summary>
public sealed class OpenApiCacheTests(ApiServers servers) : IClassFixture<ApiServers>
{
    private const string Path = "/auth/openapi.json";

    [Fact]
    public async Task The_OpenAPI_document_has_an_entity_tag()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var full = await server.SendAsync(HttpMethod.Get, Path);
        full.StatusCode.ShouldBe(200);
        full.Header("Content-Type").ShouldBe("application/json");
        var tag = full.Header("ETag")!;
        tag.ShouldMatch("^\"[0-9a-f]{32}\"$");
        foreach (var known in (string[])[tag, $"\"other\", {tag}", $"W/{tag}", "*"])
        {
            var answer = await server.SendAsync(HttpMethod.Get, Path, json: null, ("If-None-Match", known));
            answer.StatusCode.ShouldBe(304, known);
            answer.Body.ShouldBeEmpty();
            answer.Header("ETag").ShouldBe(tag);
        }
        (await server.SendAsync(HttpMethod.Get, Path, json: null, ("If-None-Match", "\"other\""))).Body.ShouldBe(full.Body);
    }

    /// <summary>A host name from a client must not get into a document for other clients.</summary>
    [Fact]
    public async Task The_OpenAPI_document_does_not_depend_on_the_requested_host()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var bodies = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            server.SendAsync(HttpMethod.Get, Path, json: null, ("Host", $"host-{number}.example"), ("X-Forwarded-Proto", "https"))));
        bodies.Select(answer => answer.Body).Distinct().ShouldHaveSingleItem().ShouldNotContain("host-");
        bodies[0].Json.GetProperty("servers")[0].GetProperty("url").GetString().ShouldBe("/");
    }

    [Fact]
    public async Task The_scripts_of_the_page_are_served_compressed()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        foreach (var path in (string[])["/auth/docs/scalar.js", "/auth/docs/scalar.aspnetcore.js"])
        {
            foreach (var accepted in (string?[])[null, "gzip", "br, gzip;q=0.5", "*"])
            {
                var answer = await server.SendAsync(
                    HttpMethod.Get, path, json: null, accepted is null ? [] : [("Accept-Encoding", accepted)]);
                answer.StatusCode.ShouldBe(200);
                answer.Header("Content-Encoding").ShouldBe("gzip");
                answer.Header("Content-Type")!.ShouldStartWith("text/javascript");
                answer.Header("Vary").ShouldBe("Accept-Encoding");
                (await server.SendAsync(
                    HttpMethod.Get, path, json: null, ("If-None-Match", answer.Header("ETag")!))).StatusCode.ShouldBe(304);
            }
            foreach (var accepted in (string[])["identity", "gzip;q=0", "br"])
                (await server.SendAsync(
                    HttpMethod.Get, path, json: null, ("Accept-Encoding", accepted))).StatusCode.ShouldBe(406, accepted);
        }
    }

    /// <summary>The UI library writes the path into a script.</summary>
    [Theory]
    [InlineData("/auth/docs/other")]
    [InlineData("/auth/docs/x');alert(1);('")]
    [InlineData("/auth/docs/%3Cscript%3E")]
    public async Task The_documentation_page_shows_only_one_document(string path)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        (await server.SendAsync(HttpMethod.Get, path)).ShouldBe(404, """{"detail":"Not Found"}""");
        (await server.SendAsync(HttpMethod.Get, "/auth/docs/")).StatusCode.ShouldBe(200);
    }

    [Fact]
    public async Task The_OpenAPI_document_is_not_rendered_again()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        await server.GetAsync(Path);
        // A rendering allocates megabytes. Other tests allocate at the same time, so the minimum of several requests counts.
        var minimum = long.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var before = GC.GetTotalAllocatedBytes();
            await server.Client.GetByteArrayAsync(Path);
            minimum = Math.Min(minimum, GC.GetTotalAllocatedBytes() - before);
        }
        minimum.ShouldBeLessThan(1_000_000);
    }
}
