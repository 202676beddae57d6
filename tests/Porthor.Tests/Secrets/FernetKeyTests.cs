using Porthor.Secrets;

namespace Porthor.Tests.Secrets;

public sealed class FernetKeyTests
{
    private const string Text = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

    [Theory]
    [InlineData(Text)]
    [InlineData("cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=")] // the other alphabet
    [InlineData("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4")] // without padding
    public void A_key_is_read_and_written_in_its_own_form(string text) => FernetKey.TryParse(text)!.Reveal().ShouldBe(Text);

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
    public void What_is_no_key_is_not_read(string? text) => FernetKey.TryParse(text).ShouldBeNull();

    [Fact]
    public void New_keys_differ_and_are_read_again()
    {
        var (one, other) = (FernetKey.Create(), FernetKey.Create());
        one.Reveal().ShouldNotBe(other.Reveal());
        FernetKey.TryParse(one.Reveal())!.Reveal().ShouldBe(one.Reveal());
        Convert.FromBase64String(one.Reveal().Replace('-', '+').Replace('_', '/')).Length.ShouldBe(FernetKey.Length);
    }
}
