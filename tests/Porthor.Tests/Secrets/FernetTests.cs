using System.Text;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Porthor.Secrets;

namespace Porthor.Tests.Secrets;

/// <summary>The vectors of contract/tokens.md 4 and of the public Fernet specification, and texts with changed bytes.</summary>
public sealed partial class FernetTests
{
    private const string ContractKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    private const string ContractText =
        "gAAAAABlU_EAAAECAwQFBgcICQoLDA0OD3eFBvuLHXUyULpvY7k3kUykShCnSWhxdTMTb4zSpjJaeTjgKI-113AQIM-4PjgW-Q==";
    private const string SpecificationKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    private const string SpecificationText =
        "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    private static readonly byte[] CountingIv = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];

    private readonly FakeTimeProvider clock = new();

    [Theory]
    [InlineData(ContractKey, 1_700_000_000, """{"a":1}""", ContractText)]
    [InlineData(SpecificationKey, 499_162_800, "hello", SpecificationText)]
    public void Encryption_returns_the_known_text(string key, long time, string plaintext, string text)
    {
        var encrypted = Create(key).Encrypt(Encoding.UTF8.GetBytes(plaintext), CountingIv, DateTimeOffset.FromUnixTimeSeconds(time));
        Encoding.ASCII.GetString(encrypted).ShouldBe(text);
    }

    [Theory]
    [InlineData(ContractKey, ContractText, """{"a":1}""")]
    [InlineData(SpecificationKey, SpecificationText, "hello")]
    public void Decryption_returns_the_known_plaintext(string key, string text, string plaintext) =>
        Decrypt(Create(key), text).ShouldBe(plaintext);

    [Theory]
    [InlineData("incorrect mac", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==")]
    [InlineData("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==")]
    [InlineData("invalid base64", "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==")]
    [InlineData("no whole blocks", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm")]
    [InlineData("padding error", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==")]
    [InlineData("incorrect IV", "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==")]
    [InlineData("text after the padding", SpecificationText + "trailingdata")]
    [InlineData("invalid characters",
        "*gAAAAAAdwJ6wAAECAwQFBgcI!CQoLDA0ODy021?cpGVWKZ_eEwC@GM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==")]
    [InlineData("not the URL-safe alphabet",
        "gAAAAAAdwJ6wAAEC/AwQFBgcICQoLDA0ODy+021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==")]
    public void The_invalid_texts_of_the_specification_are_rejected(string reason, string text) =>
        Decrypt(Create(SpecificationKey), text).ShouldBeNull(reason);

    /// <summary>The specification rejects the last two texts only if the reader has a maximum age. Porthor does not use one.</summary>
    [Theory]
    [InlineData("gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==")]
    [InlineData("gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==")]
    public void Old_and_future_texts_are_accepted(string text)
    {
        foreach (var year in (int[])[1985, 2000, 2100])
        {
            clock.AdjustTime(new DateTimeOffset(year, 10, 26, 8, 20, 0, TimeSpan.Zero));
            Decrypt(Create(SpecificationKey), text).ShouldBe("");
        }
    }

    [Fact]
    public void One_trailing_newline_is_accepted_and_no_other_character_around_the_text()
    {
        var fernet = Create(ContractKey);
        Decrypt(fernet, ContractText + "\n").ShouldBe("""{"a":1}""");
        foreach (var wrong in (string[])[
            ContractText + "\n\n", ContractText + "\r\n", ContractText + " ", " " + ContractText, "\n" + ContractText,
            "    " + ContractText,
            ContractText + "    ", ContractText.Insert(8, "\n\n\n\n"), ContractText.TrimEnd('='), ContractText[..^1], ContractText + "====",
            ContractText.Replace('=', '%'), $"\"{ContractText}\"", "", "\n", "====", "gAAA"])
            Decrypt(fernet, wrong).ShouldBeNull($"[{wrong}]");
    }

    [Fact]
    public void Every_encrypted_text_can_be_decrypted()
    {
        var fernet = new Fernet([FernetKey.Create()], clock);
        Gen.Byte.Array[0, 200].Sample(plaintext =>
            fernet.TryDecrypt(fernet.Encrypt(plaintext), out var decrypted) && decrypted.SequenceEqual(plaintext));
    }

    [Fact]
    public void Two_encryptions_of_one_plaintext_differ()
    {
        var fernet = Create(ContractKey);
        fernet.Encrypt("same"u8).ShouldNotBe(fernet.Encrypt("same"u8));
    }

    [Fact]
    public void The_text_contains_the_time_of_encryption()
    {
        clock.AdjustTime(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        Encoding.ASCII.GetString(Create(ContractKey).Encrypt("""{"a":1}"""u8)).ShouldStartWith(ContractText[..12]);
    }

    [Fact]
    public void The_first_of_several_keys_encrypts_and_each_decrypts()
    {
        // During a key rotation, the new key precedes the old key.
        var (old, @new) = (FernetKey.Create(), FernetKey.Create());
        var before = new Fernet([old], clock);
        var during = new Fernet([@new, old], clock);
        var after = new Fernet([@new], clock);

        // Texts of the old key can still be decrypted, and new texts do not need the old key.
        Decrypt(during, before.Encrypt("old"u8)).ShouldBe("old");
        Decrypt(during, during.Encrypt("new"u8)).ShouldBe("new");
        Decrypt(after, during.Encrypt("new"u8)).ShouldBe("new");

        // The old key alone cannot decrypt new texts.
        Decrypt(before, during.Encrypt("new"u8)).ShouldBeNull();
        Decrypt(after, before.Encrypt("old"u8)).ShouldBeNull();
    }

    /// <summary>One half of the key is for the MAC, the other for the ciphertext; both must be correct.</summary>
    [Fact]
    public void One_half_of_a_key_cannot_decrypt()
    {
        var key = Convert.FromBase64String(ContractKey);
        foreach (var wrong in (int[])[0, 15, 16, 31])
        {
            var other = key.ToArray();
            other[wrong] ^= 0x80;
            Decrypt(Create(Convert.ToBase64String(other)), ContractText).ShouldNotBe("""{"a":1}""", $"byte {wrong}");
        }
    }

    [Fact]
    public void A_cipher_requires_a_key() => Should.Throw<ArgumentException>(() => new Fernet([], clock));

    private Fernet Create(string key) => new([FernetKey.TryParse(key)!], clock);

    private static string? Decrypt(Fernet fernet, string text) => Decrypt(fernet, Encoding.UTF8.GetBytes(text));

    private static string? Decrypt(Fernet fernet, byte[] text) =>
        fernet.TryDecrypt(text, out var plaintext) ? Encoding.UTF8.GetString(plaintext) : null;
}
