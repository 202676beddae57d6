using System.Text;

namespace Porthor.Ldap;

/// <summary>Builds distinguished names (RFC 4514).</summary>
internal static class DistinguishedName
{
    /// <summary>Returns the name of an entry below another entry. The value is escaped.</summary>
    public static string Below(string parent, string attribute, string value) => $"{attribute}={Escape(value)},{parent}";

    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            var atEdge = (i == 0 && value[i] is ' ' or '#') || (i == value.Length - 1 && value[i] == ' ');
            if (value[i] == '\0')
            {
                text.Append("\\00");
                continue;
            }
            if (atEdge || value[i] is '"' or '+' or ',' or ';' or '<' or '=' or '>' or '\\')
                text.Append('\\');
            text.Append(value[i]);
        }
        return text.ToString();
    }
}
