using System.Formats.Asn1;
using System.Text;
using CsCheck;
using Porthor.Ldap;

namespace Porthor.Server.Tests.Users;

/// <summary>LDAP messages in parts, and messages of malicious servers.</summary>
public sealed class LdapMessageTests
{
    [Fact]
    public void Messages_are_read_from_parts_of_any_size()
    {
        var messages = Gen.Int[0, 9000].Select(length => Message(Enumerable.Repeat((byte)'x', length).ToArray())).List[1, 6];
        Gen.Select(messages, Gen.Int[1, 5000]).Sample((sent, piece) =>
        {
            var reader = new LdapReader(new PartialStream([.. sent.SelectMany(message => message)], piece));
            foreach (var message in sent)
                Read(reader).ShouldBe(message);
            Should.Throw<IOException>(() => Read(reader)).Message.ShouldBe("The directory closed the connection.");
        });
    }

    [Fact]
    public void An_entry_is_read_with_its_values_ignoring_case()
    {
        var (entry, end) = ReadAnswer(Entry("uid=a,dc=x", ("MAIL", ["a@x", "b@x"]), ("displayName", [""]), ("uidNumber", [])));
        end.ShouldBeNull();
        (entry!.Name, entry.First("mail"), entry.First("displayname"), entry.First("uidNumber"), entry.First("gidNumber"),
            entry.First(null))
            .ShouldBe(("uid=a,dc=x", "a@x", null, null, null, null));
    }

    /// <summary>A changed response is a valid response or an expected error.</summary>
    [Fact]
    public void A_changed_response_is_an_expected_error()
    {
        var whole = Entry("uid=a,dc=x", ("mail", ["a@x", "b@x"]), ("uidNumber", ["12"]));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).List[1, 4].Sample(changes =>
        {
            var changed = whole.ToArray();
            foreach (var (place, value) in changes)
                changed[place] = value;
            try
            {
                ReadAnswer(Read(new LdapReader(new PartialStream(changed, 4096))));
            }
            catch (Exception e) when (e is IOException or AsnContentException)
            {
                // Expected: the connection is closed, and the search is repeated once.
            }
        });
    }

    private static (LdapEntry? Entry, LdapResult? End) ReadAnswer(byte[] message) =>
        LdapMessages.ReadSearchAnswer(LdapMessages.Read(message).Body);

    private static byte[] Read(LdapReader reader) => reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().ToArray();

    private static byte[] Message(byte[] content)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
            writer.WriteOctetString(content);
        return writer.Encode();
    }

    private static byte[] Entry(string name, params (string Type, string[] Values)[] attributes)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            using (writer.PushSequence(new Asn1Tag(TagClass.Application, 4)))
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(name));
                using (writer.PushSequence())
                {
                    foreach (var (type, values) in attributes)
                    {
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(Encoding.UTF8.GetBytes(type));
                            using (writer.PushSetOf())
                            {
                                foreach (var value in values)
                                    writer.WriteOctetString(Encoding.UTF8.GetBytes(value));
                            }
                        }
                    }
                }
            }
        }
        return writer.Encode();
    }

    /// <summary>A stream that returns its bytes in parts of a given size.</summary>
    private sealed class PartialStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, size)], cancellationToken);
    }
}
