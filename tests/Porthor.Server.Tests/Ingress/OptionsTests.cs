using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// OPTIONS requests and user subdomains (contract/ingress.md 7, 16; deviations 12). OPT-001 to OPT-004, OPT-006, ING-032, ING-033.
/// </summary>
public sealed class OptionsTests(IngressServers servers, SubdomainServers withSubdomains)
    : IClassFixture<IngressServers>, IClassFixture<SubdomainServers>
{
    private static readonly (string, string) Requested = ("Access-Control-Request-Method", "PUT");

    [Theory, EveryMode]
    public async Task A_preflight_is_allowed_only_from_the_configured_hosts(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var origin in (string[])["https://example.com", "http://example.com:8080", "https://EXAMPLE.com"])
            (await OptionsAsync(server, "", Requested, ("Origin", origin))).ShouldBeAllowed();
        foreach (var origin in (string[])["null", "https://example.org", "https://foo.example.com", "https://example.com.evil.org",
            "https://evilexample.com", "nonsense"])
        {
            var answer = await OptionsAsync(server, "?allow_options=true", Requested, ("Origin", origin));
            answer.ShouldBeError(403, 403, "cors_preflight_rejected", "Cross-origin request not allowed");
            answer.Header("WWW-Authenticate").ShouldBeNull();
        }
    }

    [Theory, EveryMode]
    public async Task Other_OPTIONS_requests_are_allowed_only_if_configured(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        (await OptionsAsync(server, "")).ShouldBeError(403, 404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        (await OptionsAsync(server, "", Requested)).StatusCode.ShouldBe(403);
        (await OptionsAsync(server, "?allow_options=true", Requested)).ShouldBeError(
            403, 404, "options_not_supported", "Malformed CORS request");
        (await OptionsAsync(server, "?allow_options=true", ("Origin", ""), Requested)).StatusCode.ShouldBe(403);

        var passed = await OptionsAsync(
            server, "?allow_options=true", ("Cookie", "gafaelfawr=x; _other=y"), ("Authorization", "token other"));
        passed.ShouldBeAllowed();
        passed.Header("Cookie").ShouldBe("_other=y");
        passed.Header("Authorization").ShouldBe("token other");
        passed.Header("X-Auth-Request-User").ShouldBeNull();
    }

    [Fact]
    public async Task A_user_subdomain_is_for_that_user_only()
    {
        var server = await withSubdomains.GetAsync(Mode.Embedded);
        var browser = await server.LogInAsync("hosted", "read:all");
        foreach (var host in (string[])["hosted.example.com", "hosted.nb.example.com", "HOSTED.example.com:8443"])
            (await AuthorizeAtAsync(server, host, browser)).ShouldBeAllowed();
        foreach (var host in (string[])[
            "example.com", "hosted", "hosted.example.org", "nb.hosted.example.com", "hosted.example.com.org", "hosted@evil.org"])
            (await AuthorizeAtAsync(server, host, browser))
                .ShouldBeError(403, 403, "insufficient_scope", "Access not allowed for this user");
        (await OptionsAsync(server, "", Requested, ("Origin", "https://hosted.nb.example.com"))).ShouldBeAllowed();
    }

    private static Task<Answer> OptionsAsync(ApiServer server, string query, params (string, string)[] headers) =>
        server.AuthorizeAsync(query, "https://example.com/", "OPTIONS", headers);

    private static Task<Answer> AuthorizeAtAsync(ApiServer server, string host, Browser browser) =>
        server.AuthorizeAsync("?user_domain=true", $"https://{host}/", "GET", TestServer.Bearer(browser.Session));
}
