using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Porthor.Tokens;

namespace Porthor.Tests.Tokens;

public sealed partial class RecordReadingTests
{
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
}
