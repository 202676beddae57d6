using System.Net;
using CsCheck;
using Porthor.Values;

namespace Porthor.Tests.Values;

/// <summary>IP addresses and CIDR blocks in filters (contract/tokens.md 7.9; deviations 5, 6). HIS-009 without a token index.</summary>
public sealed class AddressBlockTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", 32)]
    [InlineData("0.0.0.0", "0.0.0.0", 32)]
    [InlineData("2001:DB8:0:0::0005", "2001:db8::5", 128)]
    [InlineData("::", "::", 128)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", 32)]
    [InlineData("192.0.2.0/24", "192.0.2.0/24", 24)]
    [InlineData("192.0.2.1/32", "192.0.2.1", 32)]
    [InlineData("0.0.0.0/0", "0.0.0.0/0", 0)]
    [InlineData("10.0.0.0/008", "10.0.0.0/8", 8)]
    [InlineData("2001:db8::/32", "2001:db8::/32", 32)]
    [InlineData("2001:db8::5/128", "2001:db8::5", 128)]
    [InlineData("::/0", "::/0", 0)]
    // A netmask or a host mask.
    [InlineData("192.0.2.0/255.255.255.0", "192.0.2.0/24", 24)]
    [InlineData("192.0.2.0/0.0.0.255", "192.0.2.0/24", 24)]
    [InlineData("192.0.2.1/255.255.255.255", "192.0.2.1", 32)]
    [InlineData("128.0.0.0/128.0.0.0", "128.0.0.0/1", 1)]
    public void An_address_or_a_block_is_read(string text, string written, int prefix)
    {
        var block = AddressBlock.Parse(text);
        block.PrefixLength.ShouldBe(prefix);
        $"{block}".ShouldBe(written);
        block.IsSingle.ShouldBe(!written.Contains('/'));
        AddressBlock.Parse(written).ShouldBe(block);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("example.com")]
    [InlineData("192.0.2")]
    [InlineData("192.0.2.1.5")]
    [InlineData("192.0.2.")]
    [InlineData("192.0.2.256")]
    [InlineData("192.0.2.-1")]
    [InlineData("192.0.02.1")] // other parsers read it as octal
    [InlineData("0x7f.0.0.1")]
    [InlineData("3221225985")]
    [InlineData(" 192.0.2.1")]
    [InlineData("192.0.2.1 ")]
    [InlineData("192.0.2.1\n")]
    [InlineData("192.0.2.1:80")]
    [InlineData("١٩٢.0.2.1")]
    [InlineData("[2001:db8::5]")]
    [InlineData("2001:db8::5%eth0")]
    [InlineData("2001:db8::5%1")]
    [InlineData("2001:db8")]
    [InlineData("2001:db8::5::6")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("12345::")]
    [InlineData("2001:db8::g")]
    [InlineData("::ffff:192.0.2")]
    [InlineData("::ffff:192.0.02.1")]
    [InlineData("::ffff:0xc0.0.2.1")]
    public void An_invalid_address_is_rejected(string text) =>
        Should.Throw<FormatException>(() => AddressBlock.Parse(text)).Message.ShouldBe(
            $"'{text}' does not appear to be an IPv4 or IPv6 address");

    [Theory]
    [InlineData("/")]
    [InlineData("/24")]
    [InlineData("192.0.2.0/")]
    [InlineData("192.0.2.0/33")]
    [InlineData("192.0.2.0/-1")]
    [InlineData("192.0.2.0/+8")]
    [InlineData("192.0.2.0/ 8")]
    [InlineData("192.0.2.0/8 ")]
    [InlineData("192.0.2.0/24/24")]
    [InlineData("192.0.2.0/a")]
    [InlineData("192.0.2.0/255.0.255.0")]
    [InlineData("192.0.2.0/255.255.256.0")]
    [InlineData("192.0.2/24")]
    [InlineData("192.0.2.0/::")]
    [InlineData("2001:db8::/129")]
    [InlineData("2001:db8::/255.255.255.0")]
    [InlineData("2001:db8::/ffff::")]
    [InlineData("2001:db8::%eth0/64")]
    [InlineData("192.0.2.0/99999999999")]
    public void An_invalid_block_is_rejected(string text) =>
        Should.Throw<FormatException>(() => AddressBlock.Parse(text)).Message.ShouldBe(
            $"'{text}' does not appear to be an IPv4 or IPv6 network");

    [Theory]
    [InlineData("192.0.2.1/24")]
    [InlineData("192.0.2.1/31")]
    [InlineData("128.0.0.0/0")]
    [InlineData("192.0.2.1/255.255.255.0")]
    [InlineData("2001:db8::1/64")]
    [InlineData("8000::/0")]
    public void A_block_with_bits_beyond_its_prefix_is_rejected(string text) =>
        Should.Throw<FormatException>(() => AddressBlock.Parse(text)).Message.ShouldBe($"{text} has host bits set");

    [Theory]
    [InlineData("192.0.2.0/24", "192.0.2.255", true)]
    [InlineData("192.0.2.0/24", "192.0.3.0", false)]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1/32", "192.0.2.1", true)]
    [InlineData("192.0.2.1/32", "192.0.2.2", false)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("2001:db8::5/128", "2001:DB8:0:0::0005", true)]
    // A block contains addresses of its own family only. A mapped address is an IPv4 address.
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "127.0.0.1", false)]
    [InlineData("0.0.0.0/0", "::ffff:192.0.2.1", true)]
    public void A_block_contains_its_addresses_and_no_others(string block, string address, bool contains) =>
        AddressBlock.Parse(block).Contains(IPAddress.Parse(address)).ShouldBe(contains);

    [Fact]
    public void Every_address_is_read_as_it_was_written()
    {
        var bytes = Gen.OneOf(Gen.Byte.Array[4, 4], Gen.Byte.Array[16, 16], Gen.OneOf<byte>(0, 0, 0, 1, 255).Array[16, 16]);
        bytes.Select(address => new IPAddress(address)).Sample(address =>
        {
            var block = AddressBlock.Parse(address.ToString());
            var expected = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            return block.Address.Equals(expected) && block.IsSingle && block.Contains(address);
        });
    }

    [Fact]
    public void Arbitrary_text_is_rejected_without_another_exception() => Gen.String[Gen.Char["0129aF:./% "], 0, 20].Sample(text =>
    {
        try
        {
            AddressBlock.Parse(text);
        }
        catch (FormatException)
        {
            // Expected. Any other exception fails the test.
        }
    });
}
