using CsCheck;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Porthor.Server.Tests.Hostile;

/// <summary>A random request with parts that some routes understand.</summary>
internal sealed record RandomRequest(string Method, string Path, (string Name, string Value)[] Headers, string? Body)
{
    /// <summary>Names and values that some routes understand.</summary>
    private static readonly string[] QueryNames =
    [
        "scope", "service", "delegate_to", "delegate_scope", "minimum_lifetime", "notebook", "satisfy", "auth_type", "use_authorization",
        "allow_options",
        "only_service", "username", "user_domain", "allow_cookies", "cursor", "limit", "since", "until", "key", "token_type", "ip_address",
        "actor",
        "rd", "code", "state", "error", "error_description", "client_id", "redirect_uri", "response_type", "nonce", "login_hint", "prompt",
        "page", "q",
    ];

    private static readonly string[] Values =
    [
        "", "0", "-1", "1", "true", "300", "1e400", "nan", "99999999999999999999", "read:all", "user:token", "admin:token", "someone",
        "bot-admin", "<bootstrap>",
        "https://example.com/", "https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", "p1_1", "1_1", "1.2.3.4/8",
        "::1/128", "2026-07-01T00:00:00Z",
        "null", "\0", "\n", "\r\nX-Injected: 1", "%00", "%", "é", "\ud83d\ude00", "'", "\"", "<script>", "{{7*7}}", "${x}", "..",
        "../../etc/passwd", ".", "%2e%2e%2f",
        "gt-x.y", new string('x', 300), new string('9', 60),
    ];

    private static readonly string[] HeaderNames =
    [
        "X-Original-URL", "X-Original-Method", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Method",
        "X-Forwarded-Uri", "X-CSRF-Token",
        "X-Requested-With", "Accept", "Accept-Language", "Origin", "Referer", "Access-Control-Request-Method", "Content-Type",
        "If-None-Match", "Range", "Cookie",
        "Authorization", "Sec-Fetch-Site", "Accept-Encoding", "X-HTTP-Method-Override", "Forwarded",
    ];

    private static readonly string[] HeaderValues =
        [.. Values, "GET", "OPTIONS", "text/html", "application/json", "application/x-www-form-urlencoded", "XMLHttpRequest",
            "gafaelfawr=x", "Basic Og==", "Bearer x", "bytes=0-1"];

    private static readonly Gen<string> Text = Gen.Frequency(
        (6, Gen.OneOf(Values)), (1, Gen.String[0, 40]), (1, Gen.Char.AlphaNumeric.Array[22].Select(chars => new string(chars))));

    private static readonly Gen<string> Json = Gen.Recursive<string>((depth, self) => depth > 3 ? Scalar : Gen.Frequency(
        (3, Scalar),
        (2, Gen.Select(Gen.OneOf(FieldNames), self, (name, value) => $"\"{name}\":{value}").Array[0, 5].Select(
            fields => $"{{{string.Join(',', fields)}}}")),
        (1, self.Array[0, 4].Select(items => $"[{string.Join(',', items)}]"))));

    private static readonly Gen<string> Bodies = Gen.Frequency(
        (5, Gen.Select(Gen.OneOf(FieldNames), Json, (name, value) => $"\"{name}\":{value}").Array[0, 6].Select(
            fields => $"{{{string.Join(',', fields)}}}")),
        (2, Json),
        (1, Gen.String[0, 60]),
        (1, Gen.Int[1, 2000].Select(depth => new string('[', depth))),
        (1, Gen.Select(Gen.OneOf(QueryNames), Text, (name, value) => $"{name}={Uri.EscapeDataString(value)}").Array[0, 5]
            .Select(fields => string.Join('&', fields))));

    private static string[] FieldNames =>
    [
        "username", "token_type", "token_name", "scopes", "expires", "name", "email", "uid", "gid", "groups", "id", "default", "api",
        "notebook", "cpu", "memory", "spawn",
        "tap", "concurrent", "bypass", "disk", "x", "\\ud800", "",
    ];

    private static Gen<string> Scalar => Gen.OneOf(
        Gen.OneOf(
            "null", "true", "false", "0", "-1", "1.5", "1e400", "99999999999999999999", "\"\"", "\"\\ud800\"", "\"\\u0000\"",
            "\"read:all\"", "[]", "{}"),
        Gen.Int.Select(number => $"{number}"),
        Gen.OneOf(Values).Select(value => System.Text.Json.JsonSerializer.Serialize(value)));

    /// <summary>Returns random requests for these routes, with one of the credentials or none.</summary>
    public static Gen<RandomRequest> For(IReadOnlyList<RouteEndpoint> routes, (string, string)[] credentials)
    {
        var query = Gen.Select(Gen.OneOf(QueryNames), Text, (name, value) => $"{name}={Escape(value)}").Array[0, 5];
        var headers = Gen.Select(Gen.OneOf(HeaderNames), Gen.OneOf(HeaderValues)).Array[0, 4];
        var credential = Gen.OneOf(credentials);
        // The values of the path's parameters, for the largest number of parameters of any route.
        return Gen.Select(
            Gen.OneOf([.. routes]), Gen.Int[0, 9], Text.Array[8], query,
            Gen.Select(credential, headers, (one, others) => ((string, string)[])[one, .. others]), Gen.Select(Gen.Int[0, 3], Bodies))
            .Select((route, method, texts, parameters, headers, body) => new RandomRequest(
                MethodOf(route, method),
                PathOf(route.RoutePattern, texts) + (parameters.Length == 0 ? "" : "?" + string.Join('&', parameters)),
                headers,
                body.Item1 == 0 ? null : body.Item2));
    }

    public override string ToString() =>
        $"{Method} {Path} [{string.Join(", ", Headers.Select(header => $"{header.Name}: {header.Value}"))}] {Body}";

    /// <summary>Returns the route's method in most cases.</summary>
    private static string MethodOf(RouteEndpoint route, int number)
    {
        var own = route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [];
        return number < 8 && own.Count > 0
            ? own[number % own.Count] : ((string[])["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])[number % 7];
    }

    private static string PathOf(RoutePattern pattern, string[] texts)
    {
        var number = 0;
        var segments = pattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
        {
            RoutePatternLiteralPart literal => literal.Content,
            RoutePatternSeparatorPart separator => separator.Content,
            _ => Escape(texts[number++ % texts.Length]),
        })));
        return "/" + string.Join('/', segments);
    }

    private static string Escape(string text) => Uri.EscapeDataString(text.EnumerateRunes().Aggregate("", (all, rune) => all + rune));
}
