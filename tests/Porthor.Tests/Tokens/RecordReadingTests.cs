using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Porthor.Identity;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Tokens;

/// <summary>The accepted values of each field of a record (contract/tokens.md 3.1). A part of SVC-020.</summary>
public sealed class RecordReadingTests
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

    [Theory]
    [InlineData("username", "null", "username is missing")]
    [InlineData("username", "\"\"", "username has a wrong length")]
    [InlineData("username", "1", "username is not a string")]
    [InlineData("name", "\"\"", "name has a wrong length")]
    [InlineData("email", "\"\"", "email has a wrong length")]
    [InlineData("email", "[]", "email is not a string")]
    [InlineData("uid", "0", "uid is below 1")]
    [InlineData("uid", "-5", "uid is below 1")]
    [InlineData("gid", "0", "gid is below 1")]
    [InlineData("gid", "1.5", "gid is not an integer")]
    [InlineData("gid", "99999999999999999999", "gid is not an integer")]
    [InlineData("groups", "{}", "groups is not a list")]
    [InlineData("groups", "[1]", "groups contains a value that is not an object")]
    [InlineData("groups", "[{\"name\":\"foo\"}]", "groups contains an invalid group")]
    [InlineData("groups", "[{\"name\":\"12345\",\"id\":1}]", "groups contains an invalid group")]
    [InlineData("groups", "[{\"name\":\"foo\",\"id\":\"one\"}]", "id is not an integer")]
    [InlineData("token_type", "null", "token_type is missing or unknown")]
    [InlineData("token_type", "\"Session\"", "token_type is missing or unknown")]
    [InlineData("token_type", "\"other\"", "token_type is missing or unknown")]
    [InlineData("service", "\"\"", "service has a wrong length")]
    [InlineData("scopes", "null", "scopes is missing or not a list")]
    [InlineData("scopes", "{\"read:all\":1}", "scopes is missing or not a list")]
    [InlineData("scopes", "[1]", "scopes is not a string")]
    [InlineData("created", "\"soon\"", "created is not a time")]
    [InlineData("expires", "true", "expires is not a time")]
    [InlineData("expires", "1e300", "expires is not a time")]
    [InlineData("expires", "\"10000-01-01\"", "expires is not a time")]
    [InlineData("token", "null", "token is missing or not an object")]
    [InlineData("token", "\"gt-" + Key + "." + Secret + "\"", "token is missing or not an object")]
    [InlineData("token", "{\"key\":\"" + Key + "\"}", "secret is missing")]
    [InlineData("token", "{\"key\":\"short\",\"secret\":\"" + Secret + "\"}", "token has a wrong length")]
    [InlineData("token", "{\"key\":\"" + Key + "\",\"secret\":\"" + Secret + "x\"}", "secret has a wrong length")]
    [InlineData("name", "\"\\ud800\"", "name is not valid Unicode")]
    public void The_error_names_the_invalid_field_and_not_its_value(string field, string json, string reason) =>
        ReadError(With(field, json)).ShouldBe(reason);

    [Theory]
    [InlineData("username", "username is missing")]
    [InlineData("token_type", "token_type is missing or unknown")]
    [InlineData("scopes", "scopes is missing or not a list")]
    [InlineData("token", "token is missing or not an object")]
    public void A_missing_required_field_is_an_error(string field, string reason)
    {
        var json = JsonNode.Parse(MinimalRecord)!.AsObject();
        json.Remove(field).ShouldBeTrue();
        ReadError(json.ToJsonString()).ShouldBe(reason);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("{", "not JSON")]
    [InlineData(MinimalRecord + "x", "not JSON")]
    [InlineData("\ufeff" + MinimalRecord, "not JSON")]
    [InlineData("null", "not a JSON object")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("\"text\"", "not a JSON object")]
    [InlineData("{\"\\ud800\\ud800\":1}", "the name of a field is not valid Unicode")]
    public void A_text_that_is_not_an_object_is_rejected(string json, string reason) => ReadError(json).ShouldBe(reason);

    /// <summary>Records are read only after their MAC was verified, but invalid data that a bug wrote must not crash the process.</summary>
    [Fact]
    public void Arbitrary_bytes_are_rejected_without_another_exception()
    {
        var valid = Encoding.UTF8.GetBytes(With("groups", """[{"name":"foo","id":1}]"""));
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte, Gen.Int[0, valid.Length - 1], Gen.Byte).Sample(
            (position, value, otherPosition, otherValue) =>
        {
            var changed = valid.ToArray();
            (changed[position], changed[otherPosition]) = (value, otherValue);
            ReadOrReject(changed);
        });
        Gen.Byte.Array[0, 50].Sample(ReadOrReject);
        ReadOrReject(Encoding.ASCII.GetBytes(new string('[', 10_000)));
        ReadOrReject([.. "{\"\xff\":1,"u8, .. valid[1..]]);
    }

    private static void ReadOrReject(byte[] json)
    {
        try
        {
            RecordJson.Read(json, Now);
        }
        catch (FormatException)
        {
            // Expected. Any other exception fails the test.
        }
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
