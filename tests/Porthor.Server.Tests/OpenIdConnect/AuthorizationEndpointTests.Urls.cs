using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

public sealed partial class AuthorizationEndpointTests
{
    /// <summary>
    /// A registered address that cannot be parsed matches no address, not even itself (deviations, part 2). An IPv6 address can be.
    /// </summary>
    [Theory]
    [InlineData("https://[::1/cb", 403)]
    [InlineData("https://::1]/cb", 403)]
    [InlineData("https://[::1]x/cb", 403)]
    [InlineData("https://x[::1]/cb", 403)]
    [InlineData("https://[1.2.3.4]/cb", 403)]
    [InlineData("https://[nonsense]/cb", 403)]
    [InlineData("https://[]/cb", 403)]
    [InlineData("https://[::1]@app.example.com/cb", 403)]
    [InlineData("https://[2001:db8::1]/cb", 307)]
    [InlineData("https://[2001:db8::1]:8443/cb", 307)]
    [InlineData("https://user@[2001:db8::1]:8443/cb", 307)]
    public async Task An_address_with_brackets_must_be_an_IPv6_address(string address, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync(address);
        var answer = await server.AuthorizeAsync(await server.AnnAsync(), RequestOf(client));
        answer.StatusCode.ShouldBe(status, answer.Body);
        if (status == 403)
            answer.DetailType.ShouldBe("return_uri_mismatch");
        else
            answer.Header("Location")!.ShouldStartWith(address + "?code=gc-");
    }

    [Fact]
    public async Task A_URL_that_is_too_long_is_refused()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var browser = await server.AnnAsync();
        (await server.AuthorizeAsync(browser, RequestOf(client, ("state", new string('s', 9000))))).StatusCode.ShouldBe(414);
        var answer = await server.AuthorizeAsync(browser, RequestOf(client, ("state", new string('s', 7000))));
        QueryOf(answer)[0].Value.Length.ShouldBe(7000);
    }

    /// <summary>The login returns to URLs of at most 8,000 characters, so that a longer one must be refused before it.</summary>
    [Theory]
    [InlineData(8000, 307)]
    [InlineData(8001, 414)]
    [InlineData(8150, 414)]
    public async Task A_URL_to_which_the_login_cannot_return_is_refused(int length, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var url = $"{server.Host.Url.AbsoluteUri}{LoginPath[1..]}?client_id={client.Id}&redirect_uri={App}&state=".PadRight(length, 's');
        var answer = await server.SendAsync(HttpMethod.Get, new Uri(url).PathAndQuery);
        answer.StatusCode.ShouldBe(status, answer.Body);
        if (status == 414)
            answer.ShouldBeError(414, "url_too_long", "The URL is longer than 8000 bytes");
        else
            answer.Header("Location").ShouldBe($"/login?rd={Uri.EscapeDataString(url)}");
    }

    /// <summary>Behind a proxy, the login returns to the address that the browser used. Blanks remain encoded.</summary>
    [Fact]
    public async Task The_login_returns_to_the_public_address()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var answer = await server.SendAsync(
            HttpMethod.Get, LoginPath + "?scope=openid+email%20profile&client_id=x", json: null, OpenIdServers.BehindProxy);
        answer.Header("Location").ShouldBe(
            "/login?rd=https%3A%2F%2Flogin.example.com%2Fauth%2Fopenid%2Flogin%3Fscope%3Dopenid%2Bemail%2520profile%26client_id%3Dx");
    }

    /// <summary>Caches must not store the code, and the page of the client must not send it to other sites (RFC 9700).</summary>
    [Theory]
    [InlineData("code")]
    [InlineData("bogus")]
    public async Task A_redirect_to_the_client_is_not_cached(string responseType)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var answer = await server.AuthorizeAsync(await server.AnnAsync(), RequestOf(client, ("response_type", responseType)));
        answer.StatusCode.ShouldBe(307);
        answer.Header("Cache-Control").ShouldBe("no-store");
        answer.Header("Referrer-Policy").ShouldBe("no-referrer");
    }
}
