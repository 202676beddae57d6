using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Sessions;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Secrets;

/// <summary>Types that hold a secret never reveal it when they are formatted.</summary>
public sealed class HiddenSecretTests
{
    private const string Half = "1UqXj1EZ8cwbGnVDBvBXPw";
    private const string KeyText = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

    private static readonly Token Token = new(new TokenKey("bw_8mMVP4tq1pLvRnCjEog"), Half);

    /// <summary>A value with a secret, the part of it that must stay hidden, and the expected printed form.</summary>
    private static readonly Dictionary<Type, (object Value, string Hidden, string Printed)> Samples = new()
    {
        [typeof(Secret)] = (new Secret(Half), Half, "***"),
        [typeof(FernetKey)] = (FernetKey.TryParse(KeyText)!, KeyText, "***"),
        [typeof(Token)] = (Token, Half, "gt-bw_8mMVP4tq1pLvRnCjEog.***"),
        [typeof(SessionState)] = (new SessionState { Csrf = Half, State = Half, GitHub = new Secret(Half), Token = Token }, Half, "***"),
    };

    public static TheoryData<Type> Types => [.. Samples.Keys];

    [Theory, MemberData(nameof(Types))]
    public void A_value_prints_without_its_secret(Type type)
    {
        var (value, hidden, printed) = Samples[type];
        value.ToString().ShouldBe(printed);
        $"{value}".ShouldBe(printed);
        $"{value,40:x}".Trim().ShouldBe(printed);
        string.Concat("", value).ShouldBe(printed);
        string.Format(CultureInfo.InvariantCulture, "{0}", value).ShouldBe(printed);
        string.Join(",", value, value).ShouldBe($"{printed},{printed}");
        Convert.ToString(value, CultureInfo.InvariantCulture).ShouldBe(printed);
        new { value }.ToString()!.ShouldNotContain(hidden);
        Tuple.Create(value).ToString().ShouldNotContain(hidden);
    }

    /// <summary>A debugger shows the result of <c>ToString</c> unless attributes define another form.</summary>
    [Theory, MemberData(nameof(Types))]
    public void A_debugger_shows_the_printed_form(Type type)
    {
        type.GetMethod(nameof(ToString), [])!.DeclaringType.ShouldBe(type);
        type.GetCustomAttribute<DebuggerDisplayAttribute>().ShouldBeNull();
        type.GetCustomAttribute<DebuggerTypeProxyAttribute>().ShouldBeNull();
    }

    [Theory]
    [InlineData(typeof(Secret))]
    [InlineData(typeof(FernetKey))]
    [InlineData(typeof(Token))]
    public void A_secret_is_not_serialized_to_JSON(Type type)
    {
        var (value, hidden, _) = Samples[type];
        JsonSerializer.Serialize(value, type).ShouldNotContain(hidden);
        JsonSerializer.Serialize(new { value }, new JsonSerializerOptions { IncludeFields = true }).ShouldNotContain(hidden);
        JsonSerializer.Serialize(new Dictionary<string, object> { ["value"] = value }).ShouldNotContain(hidden);
    }

    [Fact]
    public void A_record_prints_without_its_secret()
    {
        var record = new TokenRecord
        {
            Token = Token,
            Username = "some-user",
            TokenType = TokenType.Session,
            Scopes = ScopeSet.Parse("user:token"),
            Created = DateTimeOffset.UnixEpoch,
        };
        $"{record}".ShouldContain("Token = gt-bw_8mMVP4tq1pLvRnCjEog.***");
        $"{record}".ShouldNotContain(Half);
        JsonSerializer.Serialize(record).ShouldNotContain(Half);
    }

    [Theory, MemberData(nameof(Types))]
    public void Reveal_returns_the_complete_secret(Type type)
    {
        var revealed = Samples[type].Value switch
        {
            Secret secret => secret.Reveal(),
            FernetKey key => key.Reveal(),
            Token token => token.Reveal(),
            SessionState state => state.GitHub!.Reveal(),
            _ => "",
        };
        revealed.ShouldEndWith(Samples[type].Hidden);
    }

    [Fact]
    public void Secrets_are_equal_by_their_text()
    {
        var one = new Secret("some-password");
        var same = new Secret(string.Concat("some-", "password"));
        one.ShouldBe(same);
        one.Equals((object)same).ShouldBeTrue();
        one.GetHashCode().ShouldBe(same.GetHashCode());
        one.Equals(new Secret("some-passwore")).ShouldBeFalse();
        one.Equals(new Secret("some-passwor")).ShouldBeFalse();
        one.Equals((Secret?)null).ShouldBeFalse();
        one.Equals((object)"some-password").ShouldBeFalse();
    }

    [Theory]
    [InlineData("some-password", true)]
    [InlineData("Some-password", false)]
    [InlineData("some-password ", false)]
    [InlineData("some-passwor", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_the_same_text_matches_a_secret(string? presented, bool matches) =>
        new Secret("some-password").Matches(presented).ShouldBe(matches);

    [Fact]
    public void Session_states_are_equal_by_value()
    {
        var state = (SessionState)Samples[typeof(SessionState)].Value;
        state.ShouldBe(state with { GitHub = new Secret(Half), Token = Token.Parse(Token.Reveal()) });
        (state == state with { GitHub = new Secret("other") }).ShouldBeFalse();
        (state == state with { Csrf = "other" }).ShouldBeFalse();
    }
}
