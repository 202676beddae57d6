using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Proxies.Tests;

/// <summary>Non-ASCII bytes in headers and request targets.</summary>
public sealed class BytesTests(RawProxyFixture fixture) : IClassFixture<RawProxyFixture>
{
    private static readonly string[] Paths = ["/", "/api/", "/admin/", "/public/"];

    /// <summary>Bytes that are not UTF-8 are opaque (RFC 9110, section 5.5). The site receives them unchanged.</summary>
    [Theory, EveryProxy]
    public async Task Bytes_that_are_not_UTF_8_are_forwarded_unchanged(Proxy proxy)
    {
        var client = await fixture.ConnectRawAsync(proxy);
        var bearer = $"Authorization: Bearer {(await fixture.LogInAsync("umlaut", "admin:token,read:all")).Reveal()}";
        foreach (var text in (string[])["M\u00fcller", "\u00c3\u00bc", "\u0080\u009f\u00ff", "a\u00fc b"])
        {
            foreach (var path in Paths)
            {
                var arrived =
                    (await client.GetAsync(
                        $"{path}?q=%FC", bearer, $"Cookie: n={text}; m=1", $"X-Name: {text}", $"User-Agent: {text}",
                        $"Referer: http://example.com/{text}", $"Accept: {text}")).AtSite();
                arrived.Target.ShouldBe($"{path}?q=%FC");
                arrived.Values("Cookie").ShouldBe([$"n={text}; m=1"], path);
                foreach (var name in (string[])["X-Name", "User-Agent", "Accept"])
                    arrived.Values(name).ShouldBe([text], $"{path} {name}");
            }
        }
        // Credentials of the application beside a session cookie.
        var (_, cookie) = fixture.Porthor.Cookie(new SessionState { Token = await fixture.LogInAsync("umlaut", "admin:token,read:all") });
        foreach (var path in Paths)
            (await client.GetAsync(
                path, $"Cookie: {cookie}; n=\u00fc", "Authorization: token M\u00fcller")).AtSite().Values("Authorization")
                .ShouldBe(["token M\u00fcller"], path);
        // In a path or query, non-ASCII bytes must be percent-encoded (RFC 3986). Caddy encodes them in the path.
        foreach (var target in (string[])["/x/%FC", "/x/%fc?%FC=%fc", "/public/%FC", "/x/\u00fc", "/x?q=\u00fc", "/x/\u0080", "/x?\u0080",
            "/x/\u00ff", "/x?\u00ff", "/public/\u00e2\u0082\u00ac", "/public/?\u009f"])
        {
            var answer = await client.GetAsync(target, bearer);
            var details = Encoded(target) + answer.Head;
            // HAProxy 2.6 rejects these bytes. It does not detect some bytes from 0x80 to 0xA0 and forwards them unchanged.
            if (proxy == Proxy.HAProxy && target.Any(c => c > 0xA0))
                answer.Status.ShouldBe(400, details);
            else if (proxy == Proxy.HAProxy && target.Any(c => c > 127) && answer.Status == 400)
                continue;
            else
                (answer.Status, RawSite.Read(answer.Body).Target).ShouldBe((200, proxy == Proxy.Caddy ? Encoded(target) : target), details);
        }
    }

    /// <summary>
    /// Returns a target as Caddy forwards it: non-ASCII bytes in the path are percent-encoded, and the query is unchanged.
    /// </summary>
    private static string Encoded(string target)
    {
        var path = target.Split('?')[0];
        return string.Concat(path.Select(c => c > 127 ? $"%{(int)c:X2}" : $"{c}")) + target[path.Length..];
    }
}
