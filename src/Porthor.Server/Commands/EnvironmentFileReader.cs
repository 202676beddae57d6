using System.Text;

namespace Porthor.Server.Commands;

/// <summary>
/// Splits the text of an environment file into assignments, as systemd does: lines that begin with <c>#</c> or <c>;</c> and lines
/// without <c>=</c> are ignored, a value may be quoted in parts, and a backslash at the end of a line continues it.
/// </summary>
internal sealed class EnvironmentFileReader(string text)
{
    private const char None = '\0';
    private int position;
    private int line = 1;

    /// <summary>Returns the next assignment with the number of its line; null at the end.</summary>
    public (string Name, string Value, int Line)? ReadNext()
    {
        while (position < text.Length)
        {
            SkipBlanks(alsoLineEnds: true);
            if (Peek() is '#' or ';')
            {
                SkipLine();
                continue;
            }
            var firstLine = line;
            if (ReadName() is { } name)
                return (name, ReadValue(), firstLine);
        }
        return null;
    }

    /// <summary>Reads the text before the equals sign. Returns null if the line has none.</summary>
    private string? ReadName()
    {
        var start = position;
        while (position < text.Length && Peek() is not ('\n' or '\r'))
        {
            if (text[position++] == '=')
                return text[start..(position - 1)].Trim();
        }
        return null;
    }

    private string ReadValue()
    {
        var value = new StringBuilder();
        // Trailing blanks are not part of a value, unless they are quoted or escaped.
        var trimmedLength = 0;
        var isPlain = false;
        SkipBlanks(alsoLineEnds: false);
        while (position < text.Length && Peek() is not ('\n' or '\r'))
        {
            var c = Take();
            if (c == '\\')
                AppendEscaped(value);
            else if (c is '"' or '\'' && !isPlain)
                AppendQuoted(value, c);
            else
                value.Append(c);
            // A quotation mark within plain text is a part of the text.
            isPlain |= c is not ('"' or '\'');
            if (c is not (' ' or '\t'))
                trimmedLength = value.Length;
        }
        value.Length = trimmedLength;
        return value.ToString();
    }

    /// <summary>Reads the character after a backslash outside of quotes. At the end of a line, the backslash continues the line.</summary>
    private void AppendEscaped(StringBuilder value)
    {
        if (position < text.Length && Take() is var next && next != '\n')
            value.Append(next);
    }

    /// <summary>
    /// Reads to the closing quotation mark, which can be on a later line. Skips blanks after it, because another quoted part may follow.
    /// </summary>
    private void AppendQuoted(StringBuilder value, char quote)
    {
        while (position < text.Length)
        {
            var c = Take();
            if (c == quote)
                break;
            if (c != '\\' || quote == '\'')
            {
                value.Append(c);
                continue;
            }
            var next = position < text.Length ? Take() : None;
            if (next is '"' or '\\' or '`' or '$')
                value.Append(next);
            else if (next is not ('\n' or None))
                value.Append('\\').Append(next);
        }
        SkipBlanks(alsoLineEnds: false);
    }

    private char Peek() => position < text.Length ? text[position] : None;

    private char Take()
    {
        var c = text[position++];
        if (c == '\n')
            line++;
        return c;
    }

    private void SkipBlanks(bool alsoLineEnds)
    {
        while (Peek() is ' ' or '\t' || (alsoLineEnds && Peek() is '\n' or '\r'))
            Take();
    }

    private void SkipLine()
    {
        while (position < text.Length && Take() != '\n')
        {
            // A comment extends to the end of the line.
        }
    }
}
