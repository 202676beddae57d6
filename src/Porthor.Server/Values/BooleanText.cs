using System.Buffers;
using System.Text;

namespace Porthor.Server.Values;

/// <summary>
/// Reads Boolean values in settings, parameters of authorization subrequests and JSON texts. The spellings are those of the reference.
/// Values that other specifications define are not read here: <c>OTEL_SDK_DISABLED</c> and the claim <c>email_verified</c>.
/// </summary>
internal static class BooleanText
{
    private const int Longest = 5;

    /// <summary>Parses a value, ignoring the case of ASCII letters. Returns null if it is not a Boolean value.</summary>
    public static bool? Parse(ReadOnlySpan<char> text)
    {
        Span<char> lower = stackalloc char[Longest];
        if (text.Length > Longest || Ascii.ToLower(text, lower, out var length) != OperationStatus.Done)
            return null;
        return lower[..length] switch
        {
            "true" or "yes" or "on" or "1" or "t" or "y" => true,
            "false" or "no" or "off" or "0" or "f" or "n" => false,
            _ => null,
        };
    }
}
