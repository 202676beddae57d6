using Porthor.Testing;
using Porthor.Users;
using YamlDotNet.RepresentationModel;

namespace Porthor.Proxies.Tests;

/// <summary>
/// The annotations and snippets for ingress-nginx, in an NGINX that is put together from them as the controller does it: a
/// location for the question, one for the way to the login, and the snippets where they belong.
/// </summary>
public sealed class IngressNginxTests(Gate gate, BrokenTests.NoPorthor none) : IClassFixture<Gate>, IClassFixture<BrokenTests.NoPorthor>
{
    private const string Prefix = "nginx.ingress.kubernetes.io/";

    private static readonly YamlNode[] Ingresses = [.. DeployedYaml.Read("nginx/kubernetes/ingress.yaml")];

    private static readonly string ServerSnippet = DeployedYaml.Read("nginx/kubernetes/controller.yaml").Single().At("controller", "config", "server-snippet").Text();

    [Fact]
    public async Task Who_may_pass_passes_and_nobody_else()
    {
        Prerequisites.SkipWhen(ProxyProcess.WhyNot(Proxy.Nginx));
        await using var proxy = await StartAsync(gate);
        var visitor = new Visitor(gate, proxy.Port);
        var bearer = TestServer.Bearer(await gate.LogInAsync("cluster-user"));

        var passed = await visitor.GetAsync("/page", bearer, ("Cookie", "gafaelfawr=x; a=b"), ("X-Auth-Request-User", "root"), ("X-Auth-Request-Groups", "wheel"), ("X_Auth_Request_User", "root"));
        passed.StatusCode.ShouldBe(200, passed.Body);
        var arrived = Upstream.Read(passed.Body);
        arrived.Header("X-Auth-Request-User").ShouldBe("cluster-user");
        arrived.Header("X-Auth-Request-Groups").ShouldBeNull();
        arrived.Header("X_Auth_Request_User").ShouldBeNull();
        arrived.Header("Authorization").ShouldBeNull();
        arrived.Header("Cookie").ShouldBe("a=b");

        var visited = gate.Site.Requests;
        var nobody = await visitor.GetAsync("/");
        (nobody.StatusCode, nobody.Header("Location")).ShouldBe((302, "https://example.com/login?rd=http://example.com/"));
        (await visitor.GetAsync("/", ("X-Requested-With", "XMLHttpRequest"))).ShouldBe(403, """{"detail":{"msg":"Authentication required","type":"no_authorization"}}""");
        (await visitor.GetAsync("/", ("Authorization", "Bearer"))).ShouldBeRefused(400, "invalid_request", "Malformed Authorization header");
        (await visitor.SendAsync(HttpMethod.Options, "/")).ShouldBeRefused(404, "options_not_supported", "Non-CORS OPTIONS requests not supported");
        var other = TestServer.Bearer(await gate.LogInAsync("cluster-other", "user:token"));
        var forbidden = await visitor.GetAsync("/", other);
        forbidden.ShouldBeRefused(403, "insufficient_scope", "Token missing required scope");
        forbidden.Header("WWW-Authenticate")!.ShouldEndWith(", scope=\"read:all\"");
        gate.Site.Requests.ShouldBe(visited);

        // The site's own errors are its own.
        foreach (var status in (int[])[403, 500])
            (await visitor.GetAsync($"/?status={status}", bearer)).Header("X-Site").ShouldBe("here");
        (await visitor.GetAsync("/public/", bearer)).StatusCode.ShouldBe(200);
        Upstream.Read((await visitor.GetAsync("/public/", bearer)).Body).Header("Authorization").ShouldBeNull();
    }

    [Fact]
    public async Task A_client_learns_what_is_left_and_when_to_come_again()
    {
        Prerequisites.SkipWhen(ProxyProcess.WhyNot(Proxy.Nginx));
        await using var proxy = await StartAsync(gate, url => url.Replace("service=site", "service=api", StringComparison.Ordinal));
        var visitor = new Visitor(gate, proxy.Port);
        var slow = TestServer.Bearer(await gate.LogInAsync("cluster-slow", userData: UserData.None with { Groups = [new Group("slow", 1000)] }));
        (await visitor.GetAsync("/", slow)).Header("X-RateLimit-Remaining").ShouldBe("1");
        await visitor.GetAsync("/", slow);
        var refused = await visitor.GetAsync("/", slow);
        refused.ShouldBeRefused(429, "rate_limited", "Rate limit (2/minute) exceeded");
        refused.Header("Retry-After")!.ShouldEndWith(" GMT");
        refused.Header("X-RateLimit-Limit").ShouldBe("2");
    }

    [Fact]
    public async Task Without_Porthor_the_answer_is_503()
    {
        Prerequisites.SkipWhen(ProxyProcess.WhyNot(Proxy.Nginx));
        await using var proxy = await StartAsync(none);
        (await new Visitor(none, proxy.Port).GetAsync("/", ("Authorization", "Bearer x"))).ShouldBeRefused(503, "store_unavailable", "Authorization is not available");
        none.Site.Requests.ShouldBe(0);
    }

    private static Task<ProxyProcess> StartAsync(Gate gate, Func<string, string>? changeUrl = null) => ProxyProcess.StartNginxAsync(listen =>
        $$"""
        server {
            listen {{listen}};
            server_name example.com;
            {{ServerSnippet}}
            {{string.Concat(Ingresses[..2].Select((ingress, number) => Location(ingress, number, gate, changeUrl ?? (url => url))))}}
        }
        """);

    private static string Location(YamlNode ingress, int number, Gate gate, Func<string, string> changeUrl)
    {
        var annotations = ingress.At("metadata", "annotations").Entries().ToDictionary(entry => entry.Name[Prefix.Length..], entry => entry.Value.Text());
        var path = ((YamlSequenceNode)ingress.At("spec", "rules")[0].At("http", "paths"))[0]["path"].Text();
        var question = new Uri(changeUrl(annotations["auth-url"]));
        var login = annotations.GetValueOrDefault("auth-signin");
        var headers = annotations["auth-response-headers"].Split(',').Select((name, i) =>
            $"auth_request_set $authHeader{i} $upstream_http_{name.ToLowerInvariant().Replace('-', '_')};\nproxy_set_header '{name}' $authHeader{i};\n");
        return $$"""
            location = /_external-auth-{{number}} {
                internal;
                proxy_pass_request_body off;
                proxy_method {{annotations["auth-method"]}};
                proxy_set_header Content-Length "";
                proxy_set_header X-Forwarded-Proto "";
                proxy_set_header Host {{question.Host}};
                proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
                proxy_set_header X-Original-Method $request_method;
                proxy_set_header X-Auth-Request-Redirect $request_uri;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_pass http://{{gate.Porthor.Url.Authority}}{{question.PathAndQuery}};
            }
            location @signin-{{number}} { internal; return 302 "{{login}}?rd=$scheme://$http_host$request_uri"; }
            location {{path}} {
                auth_request /_external-auth-{{number}};
                {{string.Concat(headers)}}
                {{(login is null ? "" : $"error_page 401 = @signin-{number};")}}
                proxy_set_header Host $host;
                proxy_set_header X-Forwarded-For $remote_addr;
                {{annotations.GetValueOrDefault("configuration-snippet")}}
                proxy_pass http://{{gate.Site.Address}};
            }

            """;
    }
}
