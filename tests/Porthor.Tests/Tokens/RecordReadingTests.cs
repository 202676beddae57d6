using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Porthor.Identity;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Tokens;

/// <summary>The accepted values of each field of a record (contract/tokens.md 3.1). A part of SVC-020.</summary>
public sealed partial class RecordReadingTests
{
    private const string Key = "bw_8mMVP4tq1pLvRnCjEog";
    private const string Secret = "1UqXj1EZ8cwbGnVDBvBXPw";
    private const string MinimalRecord =
        $$$"""{"username":"some-user","token_type":"session","scopes":[],"token":{"key":"{{{Key}}}","secret":"{{{Secret}}}"}}""";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly Token Token = new(new TokenKey(Key), Secret);

    [Fact]
    public void A_record_needs_only_the_required_fields()
    {
        var record = Read(MinimalRecord);
        record.ShouldBe(new TokenRecord
        {
            Token = Token,
            Username = "some-user",
            TokenType = TokenType.Session,
            Scopes = ScopeSet.Empty,
            Created = Now,
            Expires = null,
            Service = null,
            UserData = UserData.None,
        });
        record.UserData.Groups.ShouldBeNull();
    }

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        var text = Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char['\u00a0', '\u2fff']), 1, 20];
        var number = Gen.Long[1, long.MaxValue];
        var time = Gen.Long[0, 253_402_300_799].Select(DateTimeOffset.FromUnixTimeSeconds);
        var group = Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 10], Gen.Long, (name, id) => new Group(name, id));
        var user = Gen.Select(
            text.Null(), text.Null(), number.Nullable(), number.Nullable(), group.Array[0, 4].Null(),
            (name, email, uid, gid, groups) => new UserData { Name = name, Email = email, Uid = uid, Gid = gid, Groups = groups });
        var record = Gen.Select(
            text, Gen.Enum<TokenType>(), text.Array[0, 5], time, time.Nullable(), text.Null(), user,
            (name, type, scopes, created, expires, service, data) => new TokenRecord
            {
                Token = Token.Create(),
                Username = name,
                TokenType = type,
                Scopes = ScopeSet.Of(scopes),
                Created = created,
                Expires = expires,
                Service = service,
                UserData = data,
            });
        record.Sample(written => RecordJson.Read(RecordJson.Write(written), Now) == written);
    }

    [Fact]
    public void Unknown_fields_and_the_order_of_fields_do_not_matter() => Read(
        $$$"""
         {"token" : {"unknown":{},"secret":"{{{Secret}}}","key":"{{{Key}}}"}, "scopes":[], "future":[{"a":1}], "token_type":"session",
          "username":"some-user" }
        """).ShouldBe(Read(MinimalRecord));

    [Theory]
    [InlineData("name")]
    [InlineData("email")]
    [InlineData("uid")]
    [InlineData("gid")]
    [InlineData("groups")]
    [InlineData("service")]
    [InlineData("created")]
    [InlineData("expires")]
    public void Null_is_the_same_as_absent_for_optional_fields(string field) => Read(With(field, "null")).ShouldBe(Read(MinimalRecord));

    [Theory]
    [InlineData("[]", "")]
    [InlineData("\"\"", "")]
    [InlineData("[\"b\",\"a\",\"b\"]", "a,b")]
    [InlineData("\"read:all\"", "read:all")]
    [InlineData("\"read:some,read:all,read:some\"", "read:all,read:some")]
    public void Scopes_are_a_list_in_any_order_or_joined_by_commas(string json, string scopes) =>
        Read(With("scopes", json)).Scopes.Text.ShouldBe(scopes);

    [Theory]
    [InlineData("1700000000", "2023-11-14T22:13:20Z")]
    [InlineData("1700000000.999999", "2023-11-14T22:13:20Z")]
    [InlineData("1.7e9", "2023-11-14T22:13:20Z")]
    [InlineData("\"1700000000\"", "2023-11-14T22:13:20Z")]
    [InlineData("\"2023-11-14T22:13:20Z\"", "2023-11-14T22:13:20Z")]
    [InlineData("\"2023-11-14 23:13:20.5+01:00\"", "2023-11-14T22:13:20Z")]
    [InlineData("\"2023-11-14T22:13:20\"", "2023-11-14T22:13:20Z")]
    [InlineData("\"2023-11-14\"", "2023-11-14T00:00:00Z")]
    [InlineData("253402300799", "9999-12-31T23:59:59Z")]
    public void Times_are_numbers_or_texts_without_their_fraction(string json, string time)
    {
        var expected = DateTimeOffset.Parse(time);
        Read(With("expires", json)).Expires.ShouldBe(expected);
        Read(With("created", json)).Created.ShouldBe(expected);
    }

    [Fact]
    public void An_empty_list_of_groups_differs_from_no_list() => Read(With("groups", "[]")).UserData.Groups.ShouldBe([]);

    [Fact]
    public void Groups_keep_their_order_and_can_have_any_ID() =>
        Read(With("groups", """[{"name":"z.group","id":-1},{"id":0,"name":"A_1","more":true}]""")).UserData.Groups
            .ShouldBe([new Group("z.group", -1), new Group("A_1", 0)]);

    /// <summary>A username in a record has 1 to 64 characters. The full rules for usernames are checked when a token is created.</summary>
    [Fact]
    public void Texts_are_limited_to_the_lengths_of_the_contract()
    {
        Read(With("username", $"\"{new string('A', 64)}\"")).Username.Length.ShouldBe(64);
        ReadError(With("username", $"\"{new string('A', 65)}\"")).ShouldBe("username has a wrong length");
        Read(With("service", $"\"{new string('s', 64)}\"")).Service!.Length.ShouldBe(64);
        ReadError(With("service", $"\"{new string('s', 65)}\"")).ShouldBe("service has a wrong length");
        // The length is counted in code points, as in the reference.
        var keys = string.Concat(Enumerable.Repeat("🔑", 64));
        Read(With("service", $"\"{keys}\"")).Service.ShouldBe(keys);
        ReadError(With("service", $"\"{keys}s\"")).ShouldBe("service has a wrong length");
        Read(With("name", $"\"{new string('n', 5000)}\"")).UserData.Name!.Length.ShouldBe(5000);
    }

    private static string With(string field, string value)
    {
        var json = JsonNode.Parse(MinimalRecord)!.AsObject();
        json.Remove(field);
        return $"{{\"{field}\":{value},{json.ToJsonString()[1..]}";
    }

    private static TokenRecord Read(string json) => RecordJson.Read(Encoding.UTF8.GetBytes(json), Now);

    private static string ReadError(string json) => Should.Throw<FormatException>(() => Read(json)).Message;
}
