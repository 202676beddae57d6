using Microsoft.Extensions.Time.Testing;
using Porthor.Secrets;
using Porthor.Sessions;

namespace Porthor.Tests.Sessions;

public sealed partial class SessionCookieTests
{
    /// <summary>One invalid field discards the complete state, including its token.</summary>
    [Theory]
    [InlineData("", "ValidationError")]
    [InlineData("garbage", "ValidationError")]
    [InlineData("[]", "ValidationError")]
    [InlineData("null", "ValidationError")]
    [InlineData("\"{}\"", "ValidationError")]
    [InlineData("""{"token":"gt-KEY.SECRET"}""", "InvalidTokenError")]
    [InlineData("""{"token":""}""", "InvalidTokenError")]
    [InlineData("""{"token":{"key":"a","secret":"b"}}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","csrf":1}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","github":true}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","return_url":[]}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","state":{}}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","state":"\ud800"}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","\ud800\ud800\ud800":1}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","login_start":"yesterday"}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","login_start":""}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","login_start":1e300}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN","login_start":true}""", "ValidationError")]
    [InlineData("""{"token":"TOKEN"}x""", "ValidationError")]
    public void An_invalid_field_discards_the_complete_state(string json, string error) =>
        ShouldBeDiscarded(Encrypt(json.Replace("TOKEN", TokenText)), error);

    [Fact]
    public void A_value_of_another_origin_is_discarded()
    {
        var value = cookie.Write(Full);
        foreach (var wrong in (string[])[
            "", " ", "{}", "garbage", "名字", TokenText, value + "x", value[1..], $"\"{value}\"", value + "\0", value.Replace('g', 'G')])
            ShouldBeDiscarded(wrong, "InvalidToken");
        ShouldBeDiscarded(new SessionCookie(new Fernet([FernetKey.Create()], new FakeTimeProvider())).Write(Full), "InvalidToken");
    }

    /// <summary>Simulates a user who changes their cookie in order to get the token of another user.</summary>
    [Fact]
    public void A_changed_value_is_discarded()
    {
        var value = cookie.Write(Full);
        for (var position = 0; position < value.Length; position++)
            ShouldBeDiscarded($"{value[..position]}{(value[position] == 'A' ? 'B' : 'A')}{value[(position + 1)..]}", "InvalidToken");
    }
}
