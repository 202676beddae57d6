using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.Api.AnswerAssertions;

namespace Porthor.Server.Tests.Ingress;

/// <summary>A question that cannot be read is a mistake in the proxy's configuration, and told as such. ING-004 to ING-006, contract/ingress.md 2, 3.</summary>
public sealed class QuestionFaultTests(IngressServers servers) : IClassFixture<IngressServers>
{
    private static readonly string AuthType = Error("enum", "\"query\",\"auth_type\"", "Input should be 'basic' or 'bearer'", "\"foo\"", """{"expected":"'basic' or 'bearer'"}""");
    private static readonly string Satisfy = Error("enum", "\"query\",\"satisfy\"", "Input should be 'any' or 'all'", "\"foo\"", """{"expected":"'any' or 'all'"}""");

    [Theory, EveryMode]
    public async Task Each_fault_is_told_in_its_place(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var bearer = TestServer.Bearer((await server.LogInAsync("faulty", "read:all")).Session);
        (await server.AskAsync("?satisfy=foo", bearer)).ShouldBeInvalid(Satisfy);
        (await server.AskAsync("?satisfy=ANY", bearer)).StatusCode.ShouldBe(422);
        // Two parts of the reference read this one.
        (await server.AskAsync("?auth_type=foo", bearer)).ShouldBeInvalid(AuthType, AuthType);
        (await server.AskAsync("?auth_type=foo")).ShouldBeInvalid(AuthType, AuthType);
        foreach (var name in (string[])["notebook", "allow_options", "use_authorization", "user_domain", "allow_cookies"])
        {
            (await server.AskAsync($"?{name}=perhaps", bearer)).ShouldBeInvalid(
                Error("bool_parsing", $"\"query\",\"{name}\"", "Input should be a valid boolean, unable to interpret input", "\"perhaps\""));
            (await server.AskAsync($"?{name}=", bearer)).StatusCode.ShouldBe(422, name);
        }
        (await server.AskAsync("?minimum_lifetime=long", bearer)).ShouldBeInvalid(
            Error("value_error", "\"query\",\"minimum_lifetime\"", "Value error, could not convert string to float: 'long'", "\"long\"", """{"error":{}}"""));
        (await server.AskAsync("?minimum_lifetime=299.9", bearer)).ShouldBeInvalid(Error(
            "greater_than_equal", "\"query\",\"minimum_lifetime\"", "Input should be greater than or equal to datetime.timedelta(seconds=300)", "\"299.9\"",
            """{"ge":"datetime.timedelta(seconds=300)"}"""));
        // All of them, in the order in which they were found.
        (await server.AskAsync("?satisfy=foo&minimum_lifetime=10&notebook=2", bearer)).Json.GetProperty("detail").EnumerateArray()
            .Select(error => error.GetProperty("loc")[1].GetString()).ShouldBe(["minimum_lifetime", "notebook", "satisfy"]);
    }

    /// <summary>WEAK-08 too: a name that is not quite one of ours asks for nothing.</summary>
    [Theory, EveryMode]
    public async Task What_may_be_written_in_many_ways_may_be(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var browser = await server.LogInAsync("tolerant", "read:all");
        foreach (var yes in (string[])["true", "TRUE", "1", "yes", "Y", "on", "t"])
            (await server.AskAsync($"?notebook={yes}", TestServer.Bearer(browser.Session))).Header("X-Auth-Request-Token").ShouldNotBeNull(yes);
        foreach (var no in (string[])["false", "False", "0", "no", "n", "OFF", "f"])
            (await server.AskAsync($"?allow_cookies={no}", browser.Cookie)).ShouldAskForCredentials();
        var bearer = TestServer.Bearer(browser.Session);
        // The last of several counts, what nobody knows does not, and neither does what is empty.
        (await server.AskAsync("?satisfy=foo&satisfy=any&scope=read:all&scope=exec:admin", bearer)).ShouldBeAllowed();
        (await server.AskAsync("?delegate_scopes=x&unknown=%00&delegate_to=&service=&username=", bearer)).Header("X-Auth-Request-Token").ShouldBeNull();
        (await server.AskAsync("?minimum_lifetime=%20300.5%20", bearer)).ShouldBeAllowed();
        (await server.AskAsync("?scope=read%3Aall&SCOPE=exec:admin", bearer)).ShouldBeAllowed();
        (await server.AskAsync("?", bearer)).ShouldBeAllowed();
    }

    [Theory, EveryMode]
    public async Task Without_the_users_request_nothing_can_be_said_about_it(Mode mode)
    {
        var server = await servers.InAsync(mode);
        var bearer = TestServer.Bearer((await server.LogInAsync("headless", "read:all")).Session);
        string Missing(string name) => Error("missing", $"\"header\",\"{name}\"", "Field required", "null");
        Task<Answer> AskAsync(params (string, string)[] headers) => server.SendAsync(HttpMethod.Get, "/ingress/auth?scope=read:all", json: null, headers);
        (await AskAsync(bearer, ("X-Original-Method", "GET"))).ShouldBeInvalid(Missing("x-original-url"));
        (await AskAsync(bearer, ("X-Original-URL", "https://example.com/"))).ShouldBeInvalid(Missing("x-original-method"), Missing("x-original-method"));
        (await AskAsync(bearer)).ShouldBeInvalid(Missing("x-original-url"), Missing("x-original-method"), Missing("x-original-method"));
        // Who has no credentials learns that before anything about the address, but not without the method.
        (await AskAsync(("X-Original-Method", "GET"))).ShouldAskForCredentials();
        (await AskAsync(("X-Original-URL", "https://example.com/"))).StatusCode.ShouldBe(422);
        // For a preflight it is needed all the same.
        (await AskAsync(("X-Original-Method", "OPTIONS"))).ShouldBeInvalid(Missing("x-original-url"));
    }

    /// <summary>The routes are for GET, and each for its own path.</summary>
    [Theory, EveryMode]
    public async Task Other_methods_and_other_paths_are_other_things(Mode mode)
    {
        var server = await servers.InAsync(mode);
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
