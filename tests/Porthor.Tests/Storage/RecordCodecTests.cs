using System.Text;
using Microsoft.Extensions.Time.Testing;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Tests.Storage;

/// <summary>Records from the record store are decrypted and validated, or rejected (contract/tokens.md 4, 5). A part of SVC-020.</summary>
public sealed class RecordCodecTests
{
    private readonly FakeTimeProvider clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private readonly Fernet fernet;
    private readonly RecordCodec codec;
    private readonly TokenRecord record;

    public RecordCodecTests()
    {
        fernet = new Fernet([FernetKey.Create()], clock);
        codec = new RecordCodec(fernet, clock);
        record = new TokenRecord
        {
            Token = Token.Create(),
            Username = "some-user",
            TokenType = TokenType.User,
            Scopes = ScopeSet.Parse("read:all,user:token"),
            Created = clock.GetUtcNow(),
            UserData = new UserData { Name = "名字", Groups = [new Group("foo", 1)] },
        };
    }

    [Fact]
    public void An_encrypted_record_can_be_decrypted_and_hides_its_content()
    {
        var encrypted = codec.Encrypt(record);
        codec.Decrypt(record.Token.Key, encrypted).ShouldBe(record);

        // The encrypted record is ASCII, and its text form shows only its length.
        Ascii.IsValid(encrypted.Ciphertext).ShouldBeTrue();
        Encoding.ASCII.GetString(encrypted.Ciphertext).ShouldNotContain(record.Token.Key.Value);
        $"{encrypted}".ShouldBe($"encrypted record of {encrypted.Ciphertext.Length} bytes");
    }

    [Fact]
    public void Two_encryptions_of_a_record_differ_and_a_copy_is_equal()
    {
        var encrypted = codec.Encrypt(record);
        var copy = new EncryptedRecord([.. encrypted.Ciphertext]);
        copy.ShouldBe(encrypted);
        (copy == encrypted).ShouldBeTrue();
        copy.GetHashCode().ShouldBe(encrypted.GetHashCode());
        (codec.Encrypt(record) != encrypted).ShouldBeTrue();
    }

    [Fact]
    public void A_record_of_another_deployment_is_rejected() =>
        ShouldBeRejected(new RecordCodec(new Fernet([FernetKey.Create()], clock), clock).Encrypt(record), "InvalidToken: ");

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("""{"username":"some-user","token_type":"session","scopes":["admin:token"]}""")]
    public void An_unencrypted_record_is_rejected(string text) =>
        ShouldBeRejected(new EncryptedRecord(Encoding.UTF8.GetBytes(text)), "InvalidToken: ");

    [Theory]
    [InlineData("garbage", "ValidationError: not JSON")]
    [InlineData("[]", "ValidationError: not a JSON object")]
    [InlineData("{}", "ValidationError: username is missing")]
    [InlineData("{\"\\udfff\\udfff\":0}", "ValidationError: the name of a field is not valid Unicode")]
    public void An_encrypted_text_that_is_not_a_record_is_rejected(string text, string detail) =>
        ShouldBeRejected(new EncryptedRecord(fernet.Encrypt(Encoding.UTF8.GetBytes(text))), detail);

    [Fact]
    public void A_record_with_a_flipped_bit_is_rejected()
    {
        var ciphertext = codec.Encrypt(record).Ciphertext;
        for (var position = 0; position < ciphertext.Length; position++)
        {
            byte[] changed = [.. ciphertext];
            changed[position] ^= 1;
            ShouldBeRejected(new EncryptedRecord(changed), "InvalidToken: ");
        }
    }

    [Fact]
    public void A_missing_creation_time_becomes_the_time_of_the_read()
    {
        var json = $$$"""
            {"username":"some-user","name":"Some User","token_type":"session","scopes":["user:token"],
             "token":{"key":"{{{record.Token.Key}}}","secret":"{{{record.Token.Reveal().Split('.')[1]}}}"}}
            """;
        clock.Advance(TimeSpan.FromMilliseconds(1_500));
        var decrypted = codec.Decrypt(record.Token.Key, new EncryptedRecord(fernet.Encrypt(Encoding.UTF8.GetBytes(json))));
        decrypted.Created.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1_700_000_001));
        decrypted.Token.ShouldBe(record.Token);
        decrypted.Expires.ShouldBeNull();
    }

    private void ShouldBeRejected(EncryptedRecord encrypted, string detail)
    {
        var key = record.Token.Key;
        var exception = Should.Throw<UnreadableRecordException>(() => codec.Decrypt(key, encrypted));
        exception.Message.ShouldBe($"Cannot deserialize data for key token:{key}");
        exception.Key.ShouldBe(key);
        exception.Detail.ShouldBe(detail);
        codec.TryDecrypt(key, encrypted).ShouldBeNull();
    }
}
