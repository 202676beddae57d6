using System.Text;
using Porthor.Identity;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Tokens;

/// <summary>Records are written byte for byte as contract/tokens.md 3.1 states, because the reference reads them too.</summary>
public sealed class RecordWritingTests
{
    private const string Key = "bw_8mMVP4tq1pLvRnCjEog";
    private const string Secret = "1UqXj1EZ8cwbGnVDBvBXPw";

    private static readonly TokenRecord Minimal = new()
    {
        Token = new Token(new TokenKey(Key), Secret),
        Username = "some-user",
        TokenType = TokenType.Session,
        Scopes = ScopeSet.Empty,
        Created = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
    };

    [Fact]
    public void Unset_fields_are_written_as_null() => Write(Minimal).ShouldBe(
        $$$"""
        {"username":"some-user","name":null,"email":null,"uid":null,"gid":null,"groups":null,"token_type":"session","service":null,
        "scopes":[],"created":1700000000,"expires":null,"token":{"key":"{{{Key}}}","secret":"{{{Secret}}}"}}
        """.ReplaceLineEndings(""));

    [Fact]
    public void Fields_are_written_in_the_references_order()
    {
        var full = Minimal with
        {
            TokenType = TokenType.Internal,
            Service = "some-service",
            Scopes = ScopeSet.Of("user:token", "read:all", "exec:admin", "read:all"),
            Expires = DateTimeOffset.FromUnixTimeSeconds(1_702_592_000),
            UserData = new UserData
            {
                Name = "Some User",
                Email = "someuser@example.com",
                Uid = 1000,
                Gid = 2000,
                Groups = [new Group("foo", 1222), new Group("bar", 1223)],
            },
        };
        Write(full).ShouldBe(
            $$$"""
            {"username":"some-user","name":"Some User","email":"someuser@example.com","uid":1000,"gid":2000,
            "groups":[{"name":"foo","id":1222},{"name":"bar","id":1223}],"token_type":"internal","service":"some-service",
            "scopes":["exec:admin","read:all","user:token"],"created":1700000000,"expires":1702592000,
            "token":{"key":"{{{Key}}}","secret":"{{{Secret}}}"}}
            """.ReplaceLineEndings(""));
    }

    [Theory]
    [InlineData(TokenType.Session, "session")]
    [InlineData(TokenType.User, "user")]
    [InlineData(TokenType.Notebook, "notebook")]
    [InlineData(TokenType.Internal, "internal")]
    [InlineData(TokenType.Service, "service")]
    [InlineData(TokenType.Oidc, "oidc")]
    public void Every_type_has_its_name(TokenType type, string name) =>
        Write(Minimal with { TokenType = type }).ShouldContain($"\"token_type\":\"{name}\",");

    [Fact]
    public void No_groups_and_groups_that_are_looked_up_differ()
    {
        Write(Minimal with { UserData = new UserData { Groups = [] } }).ShouldContain("\"groups\":[],");
        Write(Minimal with { UserData = new UserData { Groups = null } }).ShouldContain("\"groups\":null,");
    }

    [Fact]
    public void Fractions_of_a_second_are_dropped()
    {
        var record = Minimal with
        {
            Created = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_999),
            Expires = DateTimeOffset.FromUnixTimeMilliseconds(1_702_592_000_001),
        };
        Write(record).ShouldContain("\"created\":1700000000,\"expires\":1702592000,");
    }

    [Fact]
    public void Times_are_written_as_seconds_since_the_epoch_in_every_time_zone()
    {
        var record = Minimal with { Created = new DateTimeOffset(2023, 11, 15, 3, 43, 20, TimeSpan.FromHours(5.5)) };
        Write(record).ShouldContain("\"created\":1700000000,");
    }

    /// <summary>The order is by code point, not by UTF-16 code unit: the musical symbol follows the full-width letter.</summary>
    [Fact]
    public void Scopes_are_sorted_by_code_point()
    {
        var record = Minimal with { Scopes = ScopeSet.Of("\U0001d11e", "\uff21", "é", "b", "B", "a:b", "a") };
        Write(record).ShouldContain("\"scopes\":[\"B\",\"a\",\"a:b\",\"b\",\"é\",\"\uff21\",\"\U0001d11e\"],");
    }

    [Theory]
    [InlineData("名字 Ångström", "名字 Ångström")]
    [InlineData("\U0001f600", "\U0001f600")]
    [InlineData("a/b<c>&'+\u007f\u2028", "a/b<c>&'+\u007f\u2028")]
    [InlineData("quote\" back\\slash", "quote\\\" back\\\\slash")]
    [InlineData("\b\t\n\f\r", "\\b\\t\\n\\f\\r")]
    [InlineData("\u0001\u001f", "\\u0001\\u001f")]
    public void Only_characters_that_JSON_requires_are_escaped(string name, string written) =>
        Write(Minimal with { UserData = new UserData { Name = name } }).ShouldContain($"\"name\":\"{written}\",");

    private static string Write(TokenRecord record) => Encoding.UTF8.GetString(RecordJson.Write(record));
}
