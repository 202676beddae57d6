using System.Text;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Porthor.Secrets;
using Porthor.Sessions;
using Porthor.Tokens;

namespace Porthor.Tests.Sessions;

/// <summary>The value of the state cookie in the reference's format (contract/login.md 1).</summary>
public sealed partial class SessionCookieTests
{
    private const string TokenText = "gt-bw_8mMVP4tq1pLvRnCjEog.1UqXj1EZ8cwbGnVDBvBXPw";

    private static readonly DateTimeOffset Start = new DateTimeOffset(2026, 10, 21, 7, 28, 0, TimeSpan.Zero).AddTicks(1_234_560);

    private static readonly SessionState Full = new()
    {
        Csrf = "K1dYNxmhf0p2tQzvS9s3dQ",
        Token = Token.Parse(TokenText),
        GitHub = new Secret("gho_token"),
        ReturnUrl = "https://example.com:4444/a?b=c&d=名字",
        State = "Rm9yIGEgbG9naW4gb25seQ==",
        LoginStart = Start,
    };

    private readonly Fernet fernet = new([FernetKey.Create()], new FakeTimeProvider());
    private readonly SessionCookie cookie;

    public SessionCookieTests() => cookie = new SessionCookie(fernet);

    [Fact]
    public void A_state_is_written_in_the_references_order() => Json(Full).ShouldBe(
        $$"""
        {"csrf":"K1dYNxmhf0p2tQzvS9s3dQ","token":"{{TokenText}}","github":"gho_token",
        "return_url":"https://example.com:4444/a?b=c&d=名字","state":"Rm9yIGEgbG9naW4gb25seQ==","login_start":"2026-10-21T07:28:00.123456Z"}
        """.ReplaceLineEndings(""));

    /// <summary>Fields that the reference does not have come last. Only cookies of logins that need them contain them.</summary>
    [Fact]
    public void The_nonce_and_the_verifier_of_a_login_follow_the_references_fields()
    {
        var state = Full with { Nonce = "some-nonce", Verifier = new Secret("some-verifier") };
        Json(state).ShouldEndWith(
            "\",\"login_start\":\"2026-10-21T07:28:00.123456Z\",\"nonce\":\"some-nonce\",\"verifier\":\"some-verifier\"}");
        Read(cookie.Write(state)).ShouldBe(state);
        state.WithoutLogin().ShouldBe(new SessionState { Csrf = Full.Csrf, Token = Full.Token, GitHub = Full.GitHub });
    }

    [Fact]
    public void Unset_fields_are_omitted()
    {
        Json(SessionState.Empty).ShouldBe("{}");
        Json(new SessionState { Token = Full.Token }).ShouldBe($$"""{"token":"{{TokenText}}"}""");
        Json(new SessionState { LoginStart = DateTimeOffset.UnixEpoch.ToOffset(TimeSpan.FromHours(2)) })
            .ShouldBe("""{"login_start":"1970-01-01T00:00:00.000000Z"}""");
    }

    [Fact]
    public void The_value_contains_only_characters_that_a_cookie_allows() =>
        cookie.Write(Full).ShouldMatch(@"\AgAAAA[A-Za-z0-9_-]+={0,2}\z");

    [Fact]
    public void A_state_is_read_as_it_was_written()
    {
        Read(cookie.Write(Full)).ShouldBe(Full);
        Read(cookie.Write(SessionState.Empty)).ShouldBe(SessionState.Empty);
        var text = Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char['\u00a0', '\u2fff']), 0, 20].Null();
        Gen.Select(text, text, text, (csrf, url, state) => new SessionState { Csrf = csrf, ReturnUrl = url, State = state })
            .Sample(written => Read(cookie.Write(written)) == written);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData(" { } ")]
    [InlineData("""{"csrf":null,"token":null,"github":null,"return_url":null,"state":null,"login_start":null}""")]
    [InlineData("""{"later":[1],"csrf2":"x"}""")]
    public void Unknown_fields_and_nulls_are_ignored(string json) => Read(Encrypt(json)).ShouldBe(SessionState.Empty);

    [Theory]
    [InlineData("\"2026-10-21T07:28:00.123456Z\"", 123_456)]
    [InlineData("\"2026-10-21T07:28:00Z\"", 0)]
    [InlineData("\"2026-10-21T09:28:00+02:00\"", 0)]
    [InlineData("\"2026-10-21T07:28:00.5\"", 500_000)] // without a zone it is UTC
    [InlineData("1792567680", 0)]
    [InlineData("1792567680.123456", 123_456)]
    public void The_start_of_a_login_is_a_date_or_seconds(string json, int microseconds) =>
        Read(Encrypt($$"""{"login_start":{{json}}}""")).LoginStart
            .ShouldBe(new DateTimeOffset(2026, 10, 21, 7, 28, 0, TimeSpan.Zero).AddMicroseconds(microseconds));

    [Fact]
    public void Each_session_gets_a_different_CSRF_value()
    {
        var values = Enumerable.Range(0, 100).Select(_ => SessionCookie.CreateCsrf()).ToList();
        values.ShouldAllBe(value => value.Length == 22 && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-' || c == '_'));
        values.Distinct().Count().ShouldBe(100);
    }

    private string Json(SessionState state)
    {
        fernet.TryDecrypt(Encoding.ASCII.GetBytes(cookie.Write(state)), out var json).ShouldBeTrue();
        return Encoding.UTF8.GetString(json);
    }

    private string Encrypt(string json) => Encoding.ASCII.GetString(fernet.Encrypt(Encoding.UTF8.GetBytes(json)));

    private SessionState Read(string value)
    {
        var state = cookie.TryRead(value, out var error);
        error.ShouldBe("");
        return state.ShouldNotBeNull();
    }

    private void ShouldBeDiscarded(string value, string reason)
    {
        cookie.TryRead(value, out var error).ShouldBeNull(value);
        error.ShouldBe(reason);
    }
}
