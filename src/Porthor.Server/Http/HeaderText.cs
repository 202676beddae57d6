using System.Buffers;

namespace Porthor.Server.Http;

/// <summary>Makes texts fit for where they have one line: headers, and the lines of a terminal.</summary>
internal static class HeaderText
{
    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(char.IsControl)]);

    /// <summary>The text with every control character replaced: whatever a client or a directory says, it stays one line and commands nothing.</summary>
    public static string Clean(string text) =>
        text.AsSpan().ContainsAny(Controls) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}
