using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace Porthor.Ldap;

/// <summary>
/// Represents a search filter. It is sent in binary form with separate values (RFC 4511 4.5.1.7), so that a value cannot change the filter.
/// The text form is only for logs.
/// </summary>
internal abstract record LdapFilter
{
    public static LdapFilter Equal(string attribute, string value) => new Equality(attribute, value);

    /// <summary>
    /// Creates a filter with a matching rule if the attribute is written as in the text form of a filter, with a colon at its end:
    /// <c>member:1.2.840.113556.1.4.1941:</c> (RFC 4511 4.5.1.7.7). Otherwise the filter is the same as <see cref="Equal"/>.
    /// </summary>
    public static LdapFilter Matching(string attribute, string value) =>
        ExtensibleMatch.TryRead(attribute, value, out var match) ? match : Equal(attribute, value);

    /// <summary>Returns false if the attribute contains a colon, but is not <c>[ATTRIBUTE][:dn][:RULE]:</c>.</summary>
    public static bool IsMatchingAttribute(string attribute) =>
        !attribute.Contains(':', StringComparison.Ordinal) || ExtensibleMatch.TryRead(attribute, "", out _);

    public static LdapFilter Present(string attribute) => new Presence(attribute);

    public static LdapFilter All(params IReadOnlyList<LdapFilter> filters) => new Conjunction(filters);

    public abstract void Write(AsnWriter writer);

    /// <summary>Escapes a value for the text form of a filter (RFC 4515 3).</summary>
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

    /// <param name="Attribute">The attribute; null for every attribute that the rule applies to.</param>
    /// <param name="WithDnAttributes">True to compare the attributes in the name of the entry as well.</param>
    /// <param name="Rule">The matching rule; null for the equality rule of the attribute.</param>
    /// <param name="Value">The value to compare with.</param>
    private sealed record ExtensibleMatch(string? Attribute, bool WithDnAttributes, string? Rule, string Value) : LdapFilter
    {
        public static bool TryRead(string text, string value, [NotNullWhen(true)] out LdapFilter? match)
        {
            match = null;
            if (text.Split(':') is not [var attribute, .. var options, ""])
                return false;
            var withDn = options is [var first, ..] && first.Equals("dn", StringComparison.OrdinalIgnoreCase);
            var rules = withDn ? options[1..] : options;
            if (rules.Length > 1 || (attribute.Length == 0 && rules.Length == 0) || !Array.TrueForAll(rules, IsName)
                || (attribute.Length > 0 && !IsName(attribute)))
                return false;
            match = new ExtensibleMatch(attribute.Length > 0 ? attribute : null, withDn, rules is [var rule] ? rule : null, value);
            return true;
        }

        public override void Write(AsnWriter writer)
        {
            using (writer.PushSequence(Tag(9, constructed: true)))
            {
                if (Rule is not null)
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(Rule), Tag(1, constructed: false));
                if (Attribute is not null)
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(Attribute), Tag(2, constructed: false));
                writer.WriteOctetString(Encoding.UTF8.GetBytes(Value), Tag(3, constructed: false));
                if (WithDnAttributes)
                    writer.WriteBoolean(value: true, Tag(4, constructed: false));
            }
        }

        public override string ToString() =>
            $"({Attribute}{(WithDnAttributes ? ":dn" : "")}{(Rule is null ? "" : $":{Rule}")}:={Escape(Value)})";

        private static bool IsName(string text) =>
            text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ';' or '_');
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
