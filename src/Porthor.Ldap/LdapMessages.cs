using System.Formats.Asn1;
using System.Text;

namespace Porthor.Ldap;

/// <summary>Represents the result of a request (RFC 4511 4.1.9).</summary>
/// <param name="Code">The result code (RFC 4511, appendix A).</param>
/// <param name="Message">The diagnostic message of the server; empty if there is none.</param>
/// <param name="ServerCredentials">The credentials that a step of a SASL bind returns; null if there are none.</param>
internal sealed record LdapResult(int Code, string Message, byte[]? ServerCredentials = null)
{
    /// <summary>Gets the cookie with which the next page of a search is requested; empty if there are no more pages (RFC 2696).</summary>
    public byte[] NextPage { get; init; } = [];

    public const int Success = 0;
    public const int SaslBindInProgress = 14;
}

/// <summary>
/// Encodes and decodes the LDAP messages that are needed for searches (RFC 4511 4): bind, search, StartTLS and their responses.
/// </summary>
internal static class LdapMessages
{
    private const int Version = 3;
    private const int NeverDereference = 0;
    private const string StartTlsName = "1.3.6.1.4.1.1466.20037";
    private const string PagedResultsName = "1.2.840.113556.1.4.319";

    /// <summary>
    /// The number of entries of a page. Servers commonly allow pages of 500 (OpenLDAP) or 1,000 entries (Active Directory).
    /// </summary>
    private const int PageSize = 500;

    private static readonly Asn1Tag BindRequest = Application(0);
    private static readonly Asn1Tag BindResponse = Application(1);
    private static readonly Asn1Tag UnbindRequest = new(TagClass.Application, 2);
    private static readonly Asn1Tag SearchRequest = Application(3);
    private static readonly Asn1Tag SearchEntry = Application(4);
    private static readonly Asn1Tag SearchDone = Application(5);
    private static readonly Asn1Tag SearchReference = Application(19);
    private static readonly Asn1Tag ExtendedRequest = Application(23);
    private static readonly Asn1Tag ExtendedResponse = Application(24);
    private static readonly Asn1Tag Controls = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static byte[] SimpleBind(int id, string name, string password) => Message(id, writer =>
    {
        using (writer.PushSequence(BindRequest))
        {
            writer.WriteInteger(Version);
            WriteText(writer, name);
            writer.WriteOctetString(Encoding.UTF8.GetBytes(password), Context(0));
        }
    });

    public static byte[] SaslBind(int id, string mechanism, ReadOnlyMemory<byte> credentials) => Message(id, writer =>
    {
        using (writer.PushSequence(BindRequest))
        {
            writer.WriteInteger(Version);
            WriteText(writer, "");
            using (writer.PushSequence(Context(3)))
            {
                WriteText(writer, mechanism);
                writer.WriteOctetString(credentials.Span);
            }
        }
    });

    public static byte[] StartTls(int id) => Message(id, writer =>
    {
        using (writer.PushSequence(ExtendedRequest))
            writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsName), Context(0));
    });

    public static byte[] Unbind(int id) => Message(id, writer => writer.WriteNull(UnbindRequest));

    /// <param name="id">The ID of the request.</param>
    /// <param name="search">The search.</param>
    /// <param name="page">The cookie of the page; empty for the first page; null for a search without pages.</param>
    public static byte[] Search(int id, LdapSearch search, byte[]? page) => Message(id, writer =>
    {
        using (writer.PushSequence(SearchRequest))
        {
            WriteText(writer, search.Base);
            writer.WriteEnumeratedValue(search.Scope);
            writer.WriteEnumeratedValue(Dereference.Never);
            writer.WriteInteger(0);
            writer.WriteInteger(0);
            writer.WriteBoolean(value: false);
            search.Filter.Write(writer);
            using (writer.PushSequence())
            {
                foreach (var attribute in search.Attributes)
                    WriteText(writer, attribute);
            }
        }
        if (page is not null)
            WritePage(writer, page);
    });

    /// <summary>Reads the id of the request and the body of a response.</summary>
    public static (int Id, AsnReader Body) Read(ReadOnlyMemory<byte> message)
    {
        var sequence = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
        return sequence.TryReadInt32(out var id) ? (id, sequence) : throw new AsnContentException("The message's number is too large.");
    }

    public static LdapResult ReadBindResult(AsnReader body)
    {
        var answer = body.ReadSequence(BindResponse);
        var result = ReadResult(answer);
        var referrals = Context(3);
        if (answer.HasData && answer.PeekTag().HasSameClassAndValue(referrals))
            answer.ReadEncodedValue();
        return answer.HasData ? result with { ServerCredentials = answer.ReadOctetString(Context(7)) } : result;
    }

    public static LdapResult ReadExtendedResult(AsnReader body) => ReadResult(body.ReadSequence(ExtendedResponse));

    /// <summary>Reads a response of a search: an entry, the final result, or neither for a reference to another server.</summary>
    public static (LdapEntry? Entry, LdapResult? End) ReadSearchAnswer(AsnReader body)
    {
        var tag = body.PeekTag();
        if (tag.HasSameClassAndValue(SearchEntry))
            return (ReadEntry(body.ReadSequence(SearchEntry)), null);
        if (tag.HasSameClassAndValue(SearchReference))
            return default;
        var result = ReadResult(body.ReadSequence(SearchDone));
        return (null, result with { NextPage = ReadNextPage(body) });
    }

    /// <summary>
    /// Writes the control for pages. It is not critical: a server that does not support pages returns all entries at once.
    /// </summary>
    private static void WritePage(AsnWriter writer, byte[] page)
    {
        var value = new AsnWriter(AsnEncodingRules.BER);
        using (value.PushSequence())
        {
            value.WriteInteger(PageSize);
            value.WriteOctetString(page);
        }
        using (writer.PushSequence(Controls))
        using (writer.PushSequence())
        {
            writer.WriteOctetString(Encoding.ASCII.GetBytes(PagedResultsName));
            writer.WriteOctetString(value.Encode());
        }
    }

    /// <summary>Reads the cookie from the controls of a response (RFC 4511 4.1.11, RFC 2696); empty if there is none.</summary>
    private static byte[] ReadNextPage(AsnReader message)
    {
        if (!message.HasData || !message.PeekTag().HasSameClassAndValue(Controls))
            return [];
        for (var controls = message.ReadSequence(Controls); controls.HasData;)
        {
            var control = controls.ReadSequence();
            if (ReadText(control) != PagedResultsName)
                continue;
            if (control.HasData && control.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
                control.ReadBoolean();
            var value = new AsnReader(control.ReadOctetString(), AsnEncodingRules.BER).ReadSequence();
            value.ReadInteger();
            return value.ReadOctetString();
        }
        return [];
    }

    private static LdapResult ReadResult(AsnReader answer)
    {
        var code = (int)answer.ReadEnumeratedValue<ResultCode>();
        answer.ReadOctetString();
        return new LdapResult(code, ReadText(answer));
    }

    private static LdapEntry ReadEntry(AsnReader entry)
    {
        var name = ReadText(entry);
        Dictionary<string, IReadOnlyList<string>> attributes = new(StringComparer.OrdinalIgnoreCase);
        for (var list = entry.ReadSequence(); list.HasData;)
        {
            var attribute = list.ReadSequence();
            var type = ReadText(attribute);
            List<string> values = [];
            for (var set = attribute.ReadSetOf(); set.HasData;)
                values.Add(ReadText(set));
            attributes[type] = values;
        }
        return new LdapEntry(name, attributes);
    }

    private static byte[] Message(int id, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            write(writer);
        }
        return writer.Encode();
    }

    private static void WriteText(AsnWriter writer, string text) => writer.WriteOctetString(Encoding.UTF8.GetBytes(text));

    private static string ReadText(AsnReader reader) => Encoding.UTF8.GetString(reader.ReadOctetString());

    private static Asn1Tag Application(int number) => new(TagClass.Application, number, isConstructed: true);

    private static Asn1Tag Context(int number) => new(TagClass.ContextSpecific, number);

    private enum Dereference
    {
        Never = NeverDereference,
    }

    /// <summary>The type that the ASN.1 reader needs for result codes. It accepts codes without a member.</summary>
    private enum ResultCode
    {
        Success = LdapResult.Success,
    }
}
