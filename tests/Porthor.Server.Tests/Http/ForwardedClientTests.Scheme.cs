using Porthor.Server.Http;

namespace Porthor.Server.Tests.Http;

public sealed partial class ForwardedClientTests
{
    [Theory]
    [InlineData("192.0.2.1", "https", "https")]
    [InlineData("192.0.2.1, 10.0.0.1", "https, http", "https")]
    [InlineData("192.0.2.1, 10.0.0.1", "http, https", "http")]
    [InlineData("203.0.113.9, 192.0.2.1, 10.0.0.1", "http, https, http", "https")]
    [InlineData("192.0.2.1, 10.0.0.1", "https", "https")] // fewer schemes than addresses: the left-most scheme
    [InlineData("10.0.0.1, 10.0.0.2", "https, http", "https")]
    [InlineData("192.0.2.1", "HTTPS", "http")]
    [InlineData("192.0.2.1", "javascript", "http")]
    [InlineData("192.0.2.1", "", "http")]
    [InlineData("unknown", "https", "http")]
    [InlineData("192.0.2.1, unknown, 10.0.0.1", "http, http, https", "https")]
    [InlineData("192.0.2.1", "wss", "https")]
    [InlineData("", "https", "http")]
    public void The_scheme_is_that_of_the_clients_address(string addresses, string schemes, string scheme) =>
        ForwardedClient.Find(Request("127.0.0.1", [addresses], [schemes]), Proxies).Scheme.ShouldBe(scheme);

    [Fact]
    public void Two_header_lines_of_schemes_are_ignored() =>
        ForwardedClient.Find(Request("127.0.0.1", ["192.0.2.1"], ["https", "https"]), Proxies).Scheme.ShouldBe("http");
}
