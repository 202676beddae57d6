using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace Porthor.Server.Users.Ldap;

/// <summary>
/// Which entries are searched for. It is sent as the structure it is, and values as values (RFC 4511 4.5.1.7), so that no name
/// can change what is searched; the text form is for logs.
/// </summary>
internal abstract record LdapFilter
{
    public static LdapFilter Equal(string attribute, string value) => new Equality(attribute, value);

    public static LdapFilter Present(string attribute) => new Presence(attribute);

    public static LdapFilter All(params IReadOnlyList<LdapFilter> filters) => new Conjunction(filters);

    public abstract void Write(AsnWriter writer);

    /// <summary>A value as the text form of a filter shows it (RFC 4515 3).</summary>
    internal static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            if (c is '*' or '(' or ')' or '\\' or '\0')
                text.Append(CultureInfo.InvariantCulture, $"\\{(int)c:x2}");
            else
                text.Append(c);
        }
        return text.ToString();
    }

    private static Asn1Tag Tag(int number, bool constructed) => new(TagClass.ContextSpecific, number, constructed);

    private sealed record Equality(string Attribute, string Value) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using (writer.PushSequence(Tag(3, constructed: true)))
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(Attribute));
                writer.WriteOctetString(Encoding.UTF8.GetBytes(Value));
            }
        }

        public override string ToString() => $"({Attribute}={Escape(Value)})";
    }

    private sealed record Presence(string Attribute) : LdapFilter
    {
        public override void Write(AsnWriter writer) =>
            writer.WriteOctetString(Encoding.UTF8.GetBytes(Attribute), Tag(7, constructed: false));

        public override string ToString() => $"({Attribute}=*)";
    }

    private sealed record Conjunction(IReadOnlyList<LdapFilter> Filters) : LdapFilter
    {
        public override void Write(AsnWriter writer)
        {
            using (writer.PushSetOf(Tag(0, constructed: true)))
            {
                foreach (var filter in Filters)
                    filter.Write(writer);
            }
        }

        public override string ToString() => $"(&{string.Concat(Filters)})";
    }
}
