using System.Globalization;

namespace Porthor.Server.Commands;

/// <summary>Formats counts for messages.</summary>
internal static class CountText
{
    /// <summary>Returns the count with the noun, in the plural unless the count is 1.</summary>
    public static string Of(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
}
