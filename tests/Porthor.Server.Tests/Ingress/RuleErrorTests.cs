using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Ingress;

/// <summary>
/// An invalid rule is an error in the proxy's configuration and is reported as such. ING-004 to ING-006, contract/ingress.md 2, 3.
/// </summary>
public sealed class RuleErrorTests(IngressServers servers) : IClassFixture<IngressServers>
{
    private static readonly string AuthType = Error(
        "enum", "\"query\",\"auth_type\"", "Input should be 'basic' or 'bearer'", "\"foo\"", """{"expected":"'basic' or 'bearer'"}""");
    private static readonly string Satisfy = Error(
        "enum", "\"query\",\"satisfy\"", "Input should be 'any' or 'all'", "\"foo\"", """{"expected":"'any' or 'all'"}""");

    [Theory, EveryMode]
    public async Task Each_error_is_reported_with_its_location(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var bearer = TestServer.Bearer((await server.LogInAsync("faulty", "read:all")).Session);
        (await server.AuthorizeAsync("?satisfy=foo", bearer)).ShouldBeInvalid(Satisfy);
        (await server.AuthorizeAsync("?satisfy=ANY", bearer)).StatusCode.ShouldBe(422);
        // The reference validates this parameter twice.
        (await server.AuthorizeAsync("?auth_type=foo", bearer)).ShouldBeInvalid(AuthType, AuthType);
        (await server.AuthorizeAsync("?auth_type=foo")).ShouldBeInvalid(AuthType, AuthType);
        foreach (var name in (string[])["notebook", "allow_options", "use_authorization", "user_domain", "allow_cookies"])
        {
            (await server.AuthorizeAsync($"?{name}=perhaps", bearer)).ShouldBeInvalid(
                Error("bool_parsing", $"\"query\",\"{name}\"", "Input should be a valid boolean, unable to interpret input",
                    "\"perhaps\""));
            (await server.AuthorizeAsync($"?{name}=", bearer)).StatusCode.ShouldBe(422, name);
        }
        (await server.AuthorizeAsync("?minimum_lifetime=long", bearer)).ShouldBeInvalid(
            Error("value_error", "\"query\",\"minimum_lifetime\"", "Value error, could not convert string to float: 'long'", "\"long\"",
                """{"error":{}}"""));
        (await server.AuthorizeAsync("?minimum_lifetime=299.9", bearer)).ShouldBeInvalid(Error(
            "greater_than_equal", "\"query\",\"minimum_lifetime\"",
            "Input should be greater than or equal to datetime.timedelta(seconds=300)", "\"299.9\"",
            """{"ge":"datetime.timedelta(seconds=300)"}"""));
        // All errors are reported in the order of their detection.
        (await server.AuthorizeAsync("?satisfy=foo&minimum_lifetime=10&notebook=2", bearer)).Json.GetProperty("detail").EnumerateArray()
            .Select(error => error.GetProperty("loc")[1].GetString()).ShouldBe(["minimum_lifetime", "notebook", "satisfy"]);
    }

    /// <summary>WEAK-08 too: a parameter with a similar name is ignored.</summary>
    [Theory, EveryMode]
    public async Task Parameters_are_accepted_in_all_formats(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var browser = await server.LogInAsync("tolerant", "read:all");
        foreach (var yes in (string[])["true", "TRUE", "1", "yes", "Y", "on", "t"])
            (await server.AuthorizeAsync($"?notebook={yes}", TestServer.Bearer(browser.Session))).Header("X-Auth-Request-Token")
                .ShouldNotBeNull(yes);
        foreach (var no in (string[])["false", "False", "0", "no", "n", "OFF", "f"])
            (await server.AuthorizeAsync($"?allow_cookies={no}", browser.Cookie)).ShouldBeChallengedWithoutError();
        var bearer = TestServer.Bearer(browser.Session);
        // Of several equal parameters the last one applies; unknown and empty parameters are ignored.
        (await server.AuthorizeAsync("?satisfy=foo&satisfy=any&scope=read:all&scope=exec:admin", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?delegate_scopes=x&unknown=%00&delegate_to=&service=&username=", bearer))
            .Header("X-Auth-Request-Token")
            .ShouldBeNull();
        (await server.AuthorizeAsync("?minimum_lifetime=%20300.5%20", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?scope=read%3Aall&SCOPE=exec:admin", bearer)).ShouldBeAllowed();
        (await server.AuthorizeAsync("?", bearer)).ShouldBeAllowed();
    }

    [Theory, EveryMode]
    public async Task A_subrequest_without_the_users_request_is_rejected(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        var bearer = TestServer.Bearer((await server.LogInAsync("headless", "read:all")).Session);
        string Missing(string name) => Error("missing", $"\"header\",\"{name}\"", "Field required", "null");
        Task<Answer> AuthorizeAsync(params (string, string)[] headers) => server.SendAsync(
            HttpMethod.Get, "/ingress/auth?scope=read:all", json: null, headers);
        (await AuthorizeAsync(bearer, ("X-Original-Method", "GET"))).ShouldBeInvalid(Missing("x-original-url"));
        (await AuthorizeAsync(bearer, ("X-Original-URL", "https://example.com/"))).ShouldBeInvalid(
            Missing("x-original-method"), Missing("x-original-method"));
        (await AuthorizeAsync(bearer))
            .ShouldBeInvalid(Missing("x-original-url"), Missing("x-original-method"), Missing("x-original-method"));
        // Missing credentials are reported before a missing URL, but after a missing method.
        (await AuthorizeAsync(("X-Original-Method", "GET"))).ShouldBeChallengedWithoutError();
        (await AuthorizeAsync(("X-Original-URL", "https://example.com/"))).StatusCode.ShouldBe(422);
        // A preflight needs the URL too.
        (await AuthorizeAsync(("X-Original-Method", "OPTIONS"))).ShouldBeInvalid(Missing("x-original-url"));
    }

    /// <summary>The routes accept only GET, each on its exact path.</summary>
    [Theory, EveryMode]
    public async Task Other_methods_and_paths_are_not_accepted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var path in (string[])["/ingress/auth", "/ingress/anonymous", "/ingress/forward"])
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Options, HttpMethod.Patch])
            {
                var answer = await server.SendAsync(method, path);
                answer.ShouldBe(405, """{"detail":"Method Not Allowed"}""");
                answer.Header("Allow").ShouldBe("GET");
            }
            var slash = await server.SendAsync(HttpMethod.Get, path + "/?a=b");
            (slash.StatusCode, slash.Header("Location")).ShouldBe((307, $"https://example.com{path}?a=b"));
            (await server.SendAsync(HttpMethod.Get, path.ToUpperInvariant())).StatusCode.ShouldBe(404);
        }
    }
}
