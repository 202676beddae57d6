using CsCheck;
using Microsoft.Extensions.Primitives;
using Porthor.Server.Http;

namespace Porthor.Server.Tests.Http;

/// <summary>The parts of FLT-006 to FLT-008 about one header. No cookie that authenticates is forwarded (deviations 10).</summary>
public sealed class RequestCookiesTests
{
    private const string Name = "gafaelfawr";
    private const string Token = "gt-bw_8mMVP4tq1pLvRnCjEog.1UqXj1EZ8cwbGnVDBvBXPw";

    [Theory]
    [InlineData("gafaelfawr=blah", "blah")]
    [InlineData("gafaelfawr=\"blah==\"", "blah==")]
    [InlineData("gafaelfawr=blah==", "blah==")]
    [InlineData("gafaelfawr=\"", "\"")]
    [InlineData("gafaelfawr=\"\"", "")]
    [InlineData("gafaelfawr=", "")]
    [InlineData("gafaelfawr = blah ", "blah")]
    [InlineData("a=b;gafaelfawr=blah", "blah")]
    [InlineData("a=b;\tgafaelfawr=blah;c", "blah")]
    [InlineData("gafaelfawr=one; gafaelfawr=two", "two")]
    [InlineData("gafaelfawr", null)]
    [InlineData("Gafaelfawr=blah", null)]
    [InlineData("gafaelfawrblah=blah", null)]
    [InlineData("xgafaelfawr=blah", null)]
    [InlineData("a=gafaelfawr=blah", null)]
    [InlineData("\0gafaelfawr=blah", null)]
    [InlineData("=gafaelfawr", null)]
    [InlineData(";;", null)]
    [InlineData("", null)]
    public void A_cookie_is_found_in_every_spelling(string header, string? value) => RequestCookies.Find(header, Name).ShouldBe(value);

    [Fact]
    public void The_last_of_several_headers_applies()
    {
        RequestCookies.Find(new StringValues(["gafaelfawr=one", "a=b", "gafaelfawr=two; c=d"]), Name).ShouldBe("two");
        RequestCookies.Find(new StringValues(["gafaelfawr=one", null, "a=b"]), Name).ShouldBe("one");
        RequestCookies.Find(StringValues.Empty, Name).ShouldBeNull();
    }

    [Theory]
    [InlineData("gafaelfawr=blah", null)]
    [InlineData("gafaelfawr=blah; _other=somevalue", "_other=somevalue")]
    [InlineData("foo=bar; gafaelfawr=blah; gafaelfawrblah=blah", "foo=bar; gafaelfawrblah=blah")]
    [InlineData("gafaelfawr=blah; foo=bar; invalid", "foo=bar; invalid")]
    [InlineData("gafaelfawr=blah; also invalid", "also invalid")]
    [InlineData("gafaelfawrstuff; gafaelfawr=blah", "gafaelfawrstuff")]
    [InlineData("gafaelfawr=one; gafaelfawr=two", null)]
    [InlineData("gafaelfawr=one;;  ;gafaelfawr=two;", null)]
    [InlineData("a=b;gafaelfawr=stolen", "a=b")]
    [InlineData("gafaelfawr=stolen;a=b", "a=b")]
    [InlineData("a=b; gafaelfawr =stolen", "a=b")]
    [InlineData("a=\"x; gafaelfawr=stolen; y\"", "a=\"x; y\"")]
    [InlineData("a=b, gafaelfawr=stolen; c=d", "a=b; c=d")]
    [InlineData("a=b,gafaelfawr=stolen,c=d", "a=b, c=d")]
    [InlineData("\u00a0gafaelfawr=stolen; a=b", "a=b")]
    // UTF-8 bytes that are spaces in Latin-1 are kept.
    [InlineData("gafaelfawr=x; a=\u00c3\u00a0; b=\u00c2\u0085", "a=\u00c3\u00a0; b=\u00c2\u0085")]
    [InlineData("a=b; other=" + Token, "a=b")]
    [InlineData("a=b; other=\"" + Token + "\"; c=d", "a=b; c=d")]
    [InlineData("a=b; other=%67t-bw_8mMVP4tq1pLvRnCjEog%2e1UqXj1EZ8cwbGnVDBvBXPw", "a=b")]
    [InlineData("a=b; other=gt-bw_8mMVP4tq1pLvRnCjEog%252E1UqXj1EZ8cwbGnVDBvBXPw", "a=b")]
    [InlineData("a=b; " + Token, "a=b")]
    [InlineData("a=b; " + Token + "=c", "a=b")]
    [InlineData("a=b; x=Z3QtYndfOG1NVlA0dHExcEx2Um5DakVvZy4xVXFYajFFWjhjd2JHblZEQnZCWFB3", "a=b")]
    public void The_session_cookie_is_removed_and_others_are_kept(string header, string? left) =>
        RequestCookies.Without(header, Name).ShouldBe(left);

    [Theory]
    [InlineData("")]
    [InlineData("gafaelfawr")]
    [InlineData("a=b;c=d")]
    [InlineData("a=b;;  c=d ;")]
    [InlineData("Gafaelfawr=blah; =gafaelfawr")]
    [InlineData("a=b, c=d; e=1,2,3")]
    [InlineData("a=gt-short.token; b=%67t%2D; c=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.abc")]
    public void A_header_without_the_session_cookie_is_unchanged(string header) => RequestCookies.Without(header, Name).ShouldBe(header);

    /// <summary>A header that authenticates here must not authenticate again after it was forwarded.</summary>
    [Fact]
    public void No_cookie_that_authenticates_is_forwarded_and_no_other_cookie_is_lost()
    {
        var piece = Gen.OneOf("gafaelfawr", "gafaelfawr=", "=", "\"", ";", "; ", " ", "\t", "\u00a0", "\0", "value", "a=b", "c = d");
        var found = 0;
        piece.Array[0, 12].Select(pieces => string.Concat(pieces)).Sample(header =>
        {
            if (RequestCookies.Find(header, Name) is not null)
                Interlocked.Increment(ref found);
            var left = RequestCookies.Without(header, Name);
            RequestCookies.Find(left, Name).ShouldBeNull(header);
            foreach (var other in (string[])["a", "c", "value"])
                RequestCookies.Find(left, other).ShouldBe(RequestCookies.Find(header, other), header);
        }, iter: 20_000);
        found.ShouldBeGreaterThan(100);
    }
}
