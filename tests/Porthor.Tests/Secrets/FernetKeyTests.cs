using Porthor.Secrets;

namespace Porthor.Tests.Secrets;

public sealed class FernetKeyTests
{
    private const string Text = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

    [Theory]
    [InlineData(Text)]
    [InlineData("cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=")] // the standard base64 alphabet
    [InlineData("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4")] // without padding
    public void A_key_is_written_in_canonical_form(string text) => FernetKey.TryParse(text)!.Reveal().ShouldBe(Text);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not a key")]
    [InlineData("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4Q==")] // 31 bytes
    [InlineData("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e7u")] // 33 bytes
    [InlineData("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=\n")]
    [InlineData(" cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")]
    [InlineData("cw_0x689RpI-jtRR7oE8h_ eQsKImvJapLeSbXpwF4e4=")]
    [InlineData("cw_0x689RpI*jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")] // 32 bytes, but in hexadecimal
    public void An_invalid_key_is_rejected(string? text) => FernetKey.TryParse(text).ShouldBeNull();

    [Fact]
    public void New_keys_differ_and_can_be_read()
    {
        var (one, other) = (FernetKey.Create(), FernetKey.Create());
        one.Reveal().ShouldNotBe(other.Reveal());
        FernetKey.TryParse(one.Reveal())!.Reveal().ShouldBe(one.Reveal());
        Convert.FromBase64String(one.Reveal().Replace('-', '+').Replace('_', '/')).Length.ShouldBe(FernetKey.Length);
    }
}
