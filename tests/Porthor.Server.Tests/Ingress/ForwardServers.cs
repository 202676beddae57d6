using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Servers that trust this machine as a proxy.</summary>
public sealed class ForwardServers : IngressServers
{
    internal override PorthorSettings Configure(PorthorSettings settings) => TrustLoopback(base.Configure(settings));

    internal static PorthorSettings TrustLoopback(PorthorSettings settings) =>
        settings with { Proxies = [AddressBlock.Parse("127.0.0.0/8")] };
}

internal static class ForwardExtensions
{
    /// <summary>Returns the headers with which a proxy describes the user's request.</summary>
    public static (string, string)[] ForwardedHeaders(string method, string uri, string host = "example.com", string proto = "https") =>
        [("X-Forwarded-Method", method), ("X-Forwarded-Proto", proto), ("X-Forwarded-Host", host), ("X-Forwarded-Uri", uri),
            ("X-Forwarded-For", "192.0.2.9")];

    public static Task<Answer> ForwardAsync(this ApiServer server, string query, params (string, string)[] headers) =>
        server.ForwardAsync(query, "GET", "/some/page", headers);

    public static Task<Answer> ForwardAsync(
        this ApiServer server, string query, string method, string uri, params (string, string)[] headers) =>
        server.SendAsync(HttpMethod.Get, "/ingress/forward" + query, json: null, [.. ForwardedHeaders(method, uri), .. headers]);

    /// <summary>Checks an error as clients receive it, without headers for NGINX.</summary>
    public static Answer ShouldBeDeniedAs(this Answer answer, int status, string type, string message)
    {
        answer.Body.ShouldBe($$"""{"detail":[{"msg":"{{message}}","type":"{{type}}"}]}""");
        answer.StatusCode.ShouldBe(status);
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        foreach (var name in (string[])["X-Error-Status", "X-Error-Body", "X-Auth-Request-User", "X-Auth-Request-Token", "Location"])
            answer.Header(name).ShouldBeNull();
        return answer;
    }
}
