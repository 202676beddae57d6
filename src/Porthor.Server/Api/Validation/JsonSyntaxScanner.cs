namespace Porthor.Server.Api.Validation;

/// <summary>Finds the first syntax error in a JSON text, in the same way as the parser of the reference.</summary>
internal sealed class JsonSyntaxScanner(string text)
{
    private const string ExpectingValue = "Expecting value";
    private const string ExpectingName = "Expecting property name enclosed in double quotes";
    private const int DeepestNesting = 64;

    /// <summary>Gets the position of the next character that is read.</summary>
    public int Position { get; private set; }

    /// <summary>Skips blanks and line breaks.</summary>
    public void SkipBlanks()
    {
        while (Position < text.Length && text[Position] is ' ' or '\t' or '\n' or '\r')
            Position++;
    }

    /// <summary>Reads a value of any type.</summary>
    /// <param name="depth">The number of objects and lists that contain the value.</param>
    /// <exception cref="JsonSyntaxException">The value is invalid.</exception>
    public void Value(int depth)
    {
        if (depth > DeepestNesting)
            throw At(Position, "Nested too deeply");
        switch (Current)
        {
            case '"':
                Text();
                break;
            case '{':
                Members(depth);
                break;
            case '[':
                Items(depth);
                break;
            default:
                Word();
                break;
        }
    }

    private char Current => Position < text.Length ? text[Position] : '\0';

    private void Members(int depth)
    {
        Position++;
        SkipBlanks();
        if (Current == '}')
        {
            Position++;
            return;
        }
        while (true)
        {
            if (Current != '"')
                throw At(Position, ExpectingName);
            Text();
            SkipBlanks();
            if (Current != ':')
                throw At(Position, "Expecting ':' delimiter");
            Position++;
            SkipBlanks();
            Value(depth + 1);
            SkipBlanks();
            if (Current == '}')
            {
                Position++;
                return;
            }
            if (Current != ',')
                throw At(Position, "Expecting ',' delimiter");
            var comma = Position++;
            SkipBlanks();
            if (Current == '}')
                throw At(comma, "Illegal trailing comma before end of object");
        }
    }

    private void Items(int depth)
    {
        Position++;
        SkipBlanks();
        if (Current == ']')
        {
            Position++;
            return;
        }
        while (true)
        {
            Value(depth + 1);
            SkipBlanks();
            if (Current == ']')
            {
                Position++;
                return;
            }
            if (Current != ',')
                throw At(Position, "Expecting ',' delimiter");
            var comma = Position++;
            SkipBlanks();
            if (Current == ']')
                throw At(comma, "Illegal trailing comma before end of array");
        }
    }

    private void Text()
    {
        var begin = Position++;
        while (true)
        {
            if (Position >= text.Length)
                throw At(begin, "Unterminated string starting at");
            var c = text[Position];
            if (c == '"')
            {
                Position++;
                return;
            }
            if (c < ' ')
                throw At(Position, "Invalid control character at");
            Position++;
            if (c == '\\')
                Escape(begin);
        }
    }

    private void Escape(int begin)
    {
        if (Position >= text.Length)
            throw At(begin, "Unterminated string starting at");
        var c = text[Position];
        if (c == 'u')
        {
            var digits = text.AsSpan(Position + 1, Math.Min(4, text.Length - Position - 1));
            if (digits.Length < 4 || !IsHex(digits))
                throw At(Position + 1, "Invalid \\uXXXX escape");
            Position += 5;
        }
        else if ("\"\\/bfnrt".Contains(c))
        {
            Position++;
        }
        else
        {
            throw At(Position - 1, "Invalid \\escape");
        }
    }

    /// <summary>Reads a number, or <c>null</c>, <c>true</c> or <c>false</c>.</summary>
    private void Word()
    {
        foreach (var word in (string[])["null", "true", "false"])
        {
            if (string.CompareOrdinal(text, Position, word, 0, word.Length) == 0)
            {
                Position += word.Length;
                return;
            }
        }
        var begin = Position;
        if (Current == '-')
            Position++;
        if (Current == '0')
            Position++;
        else
            Digits();
        if (Position == begin || !char.IsAsciiDigit(text[Position - 1]))
            throw At(begin, ExpectingValue);
        Optional(() => Current == '.');
        Optional(() => Current is 'e' or 'E');
    }

    /// <summary>Reads a fraction or an exponent. Without digits it does not belong to the number.</summary>
    private void Optional(Func<bool> begins)
    {
        var begin = Position;
        if (!begins())
            return;
        var exponent = Current != '.';
        Position++;
        if (exponent && Current is '+' or '-')
            Position++;
        var digits = Position;
        Digits();
        if (Position == digits)
            Position = begin;
    }

    private static bool IsHex(ReadOnlySpan<char> digits)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit))
                return false;
        }
        return true;
    }

    private void Digits()
    {
        while (char.IsAsciiDigit(Current))
            Position++;
    }

    private static JsonSyntaxException At(int position, string reason) => new(new JsonError(position, reason));
}
