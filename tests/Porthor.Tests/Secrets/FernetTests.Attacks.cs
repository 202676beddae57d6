using System.Security.Cryptography;
using CsCheck;

namespace Porthor.Tests.Secrets;

public sealed partial class FernetTests
{
    /// <summary>Simulates an attacker who changes a bit of the version, time, IV, ciphertext or MAC.</summary>
    [Fact]
    public void A_text_with_a_changed_byte_is_rejected()
    {
        var fernet = Create(ContractKey);
        var whole = Convert.FromBase64String(ContractText.Replace('-', '+').Replace('_', '/'));
        (from position in Gen.Int[0, whole.Length - 1] from difference in Gen.Byte[1, 255] select (position, difference)).Sample(change =>
        {
            var changed = whole.ToArray();
            changed[change.position] ^= change.difference;
            return Decrypt(fernet, Convert.ToBase64String(changed).Replace('+', '-').Replace('/', '_')) is null;
        });
        foreach (var position in Enumerable.Range(0, whole.Length))
        {
            var changed = whole.ToArray();
            changed[position] ^= 1;
            Decrypt(fernet, Convert.ToBase64String(changed).Replace('+', '-').Replace('/', '_')).ShouldBeNull($"byte {position}");
        }
    }

    /// <summary>
    /// The text is rejected even if a lenient decoder would decode the same bytes: each ciphertext has exactly one text form.
    /// </summary>
    [Fact]
    public void A_text_with_a_changed_character_is_rejected()
    {
        var fernet = Create(ContractKey);
        for (var position = 0; position < ContractText.Length; position++)
        {
            foreach (var other in "AQgwBZaz09-_+/=% \n\0")
            {
                if (other != ContractText[position])
                    Decrypt(fernet, $"{ContractText[..position]}{other}{ContractText[(position + 1)..]}")
                        .ShouldBeNull($"'{other}' at {position}");
            }
        }
    }

    /// <summary>Another version can mean another cipher, even if the MAC is valid.</summary>
    [Theory]
    [InlineData(0x80, true)]
    [InlineData(0x81, false)]
    [InlineData(0x00, false)]
    public void Only_the_known_version_is_accepted(byte version, bool isRead)
    {
        var whole = Convert.FromBase64String(ContractText.Replace('-', '+').Replace('_', '/'));
        whole[0] = version;
        HMACSHA256.HashData(
            Convert.FromBase64String(ContractKey).AsSpan(0, 16), whole.AsSpan(0, whole.Length - 32), whole.AsSpan(whole.Length - 32));
        var text = Convert.ToBase64String(whole).Replace('+', '-').Replace('/', '_');
        Decrypt(Create(ContractKey), text).ShouldBe(isRead ? """{"a":1}""" : null);
    }

    [Fact]
    public void A_shortened_or_extended_text_is_rejected()
    {
        var fernet = Create(ContractKey);
        foreach (var length in Enumerable.Range(0, ContractText.Length))
        {
            Decrypt(fernet, ContractText[..length]).ShouldBeNull($"cut to {length}");
            Decrypt(fernet, ContractText.Insert(length, "A")).ShouldBeNull($"lengthened at {length}");
        }
    }

    [Fact]
    public void Arbitrary_bytes_are_rejected_without_a_crash()
    {
        var fernet = Create(ContractKey);
        Gen.Byte.Array[0, 300].Sample(text => !fernet.TryDecrypt(text, out var plaintext) && plaintext.Length == 0);
        Gen.Char["AZaz09-_=\n"].Array[0, 300].Sample(text => Decrypt(fernet, new string(text)) is null);
    }
}
