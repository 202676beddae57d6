using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>Bytes beyond ASCII in headers and request targets.</summary>
public sealed class BytesTests(RawGate gate) : IClassFixture<RawGate>
{
    private static readonly string[] Places = ["/", "/api/", "/admin/", "/public/"];

    /// <summary>Bytes that are not UTF-8 are opaque (RFC 9110, section 5.5). The site gets them as they were sent.</summary>
    [Theory, EveryProxy]
    public async Task Bytes_that_are_no_text_arrive_as_they_were_sent(Proxy proxy)
    {
        var client = await gate.RawBehindAsync(proxy);
        var bearer = $"Authorization: Bearer {(await gate.LogInAsync("umlaut", "admin:token,read:all")).Reveal()}";
        foreach (var text in (string[])["M\u00fcller", "\u00c3\u00bc", "\u0080\u009f\u00ff", "a\u00fc b"])
        {
            foreach (var path in Places)
            {
                var arrived = (await client.GetAsync($"{path}?q=%FC", bearer, $"Cookie: n={text}; m=1", $"X-Name: {text}", $"User-Agent: {text}", $"Referer: http://example.com/{text}", $"Accept: {text}")).AtSite();
                arrived.Target.ShouldBe($"{path}?q=%FC");
                arrived.Values("Cookie").ShouldBe([$"n={text}; m=1"], path);
                foreach (var name in (string[])["X-Name", "User-Agent", "Accept"])
                    arrived.Values(name).ShouldBe([text], $"{path} {name}");
            }
        }
        // The application's own credentials beside a session cookie.
        var (_, cookie) = gate.Porthor.Cookie(new SessionState { Token = await gate.LogInAsync("umlaut", "admin:token,read:all") });
        foreach (var path in Places)
            (await client.GetAsync(path, $"Cookie: {cookie}; n=\u00fc", "Authorization: token M\u00fcller")).AtSite().Values("Authorization").ShouldBe(["token M\u00fcller"], path);
        // In a path or query a byte beyond ASCII has to be encoded (RFC 3986). HAProxy refuses others itself; Caddy encodes them.
        foreach (var target in (string[])["/x/%FC", "/x/%fc?%FC=%fc", "/public/%FC", "/x/\u00fc", "/x?q=\u00fc"])
        {
            var answer = await client.GetAsync(target, bearer);
            if (proxy == Proxy.HAProxy && target.Any(c => c > 127))
                answer.Status.ShouldBe(400);
            else
                answer.AtSite().Target.ShouldBe(proxy == Proxy.Caddy ? target.Replace("/\u00fc", "/%FC") : target);
        }
    }
}
