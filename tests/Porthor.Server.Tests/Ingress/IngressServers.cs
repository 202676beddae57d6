using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

/// <summary>Servers behind a proxy at <c>https://example.com</c>, with quotas.</summary>
public class IngressServers : ApiServers
{
    internal override PorthorSettings Configure(PorthorSettings settings) => settings with
    {
        BaseUrl = new Uri("https://example.com"),
        Quota = new QuotaPlan
        {
            Default = new Quota { Api = new Dictionary<string, long> { ["test"] = 1, ["other"] = 5, ["blocked"] = 0 } },
            Groups = new Dictionary<string, Quota> { ["foo"] = new() { Api = new Dictionary<string, long> { ["test"] = 1 } } },
            Bypass = ["vips"],
        },
    };
}

/// <summary>The same servers with subdomains for users.</summary>
public sealed class SubdomainServers : IngressServers
{
    internal override PorthorSettings Configure(PorthorSettings settings) => base.Configure(settings) with { AllowSubdomains = true };
}

internal static class AuthRequestExtensions
{
    public const string Ok = """{"status":"ok"}""";

    /// <summary>Sends an authorization subrequest for a request of a user, as a proxy does.</summary>
    public static Task<Answer> AuthorizeAsync(this ApiServer server, string query, params (string, string)[] headers) =>
        server.AuthorizeAsync(query, "https://example.com/some/page", "GET", headers);

    public static Task<Answer> AuthorizeAsync(
        this ApiServer server, string query, string url, string method, params (string, string)[] headers) =>
        server.SendAsync(
            HttpMethod.Get, "/ingress/auth" + query, json: null, [("X-Original-URL", url), ("X-Original-Method", method), .. headers]);

    public static void ShouldBeAllowed(this Answer answer)
    {
        answer.Body.ShouldBe(Ok);
        answer.StatusCode.ShouldBe(200);
        // A response with a token must not be cached. Without a token the reference sends no header.
        answer.Header("Cache-Control").ShouldBe(answer.Header("X-Auth-Request-Token") is null ? null : "no-store");
    }

    /// <summary>Checks an error in the format for NGINX: the intended status and the body are also in headers.</summary>
    public static void ShouldBeError(this Answer answer, int status, int intended, string type, string message)
    {
        answer.Body.ShouldBe($$"""{"detail":[{"msg":"{{message}}","type":"{{type}}"}]}""");
        answer.StatusCode.ShouldBe(status);
        answer.Header("X-Error-Status").ShouldBe(intended.ToString(System.Globalization.CultureInfo.InvariantCulture));
        answer.Header("X-Error-Body").ShouldBe($$"""{"detail": [{"msg": "{{message}}", "type": "{{type}}"}]}""");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("X-Auth-Request-User").ShouldBeNull();
        answer.Header("X-Auth-Request-Token").ShouldBeNull();
    }

    /// <summary>Checks a challenge without an error: the request had no credentials.</summary>
    public static void ShouldBeChallengedWithoutError(this Answer answer, int status = 401, string type = "Bearer")
    {
        answer.Body.ShouldBe("""{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        answer.StatusCode.ShouldBe(status);
        answer.Header("WWW-Authenticate").ShouldBe($"{type} realm=\"example.com\"");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("X-Error-Status").ShouldBeNull();
    }
}
