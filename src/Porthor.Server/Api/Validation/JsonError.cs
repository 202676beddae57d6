namespace Porthor.Server.Api.Validation;

/// <summary>Represents the position and the reason of a JSON syntax error, as the parser of the reference reports them.</summary>
/// <param name="Offset">The position in characters from the start.</param>
internal readonly record struct JsonError(int Offset, string Reason)
{
    private const string ExpectingValue = "Expecting value";
    private const string ExpectingName = "Expecting property name enclosed in double quotes";
    private const int DeepestNesting = 64;

    /// <summary>Finds the error in a text that is not valid JSON.</summary>
    public static JsonError Find(string text)
    {
        var scanner = new Scanner(text);
        try
        {
            scanner.SkipBlanks();
            scanner.Value(depth: 0);
            scanner.SkipBlanks();
            return new JsonError(scanner.Position, "Extra data");
        }
        catch (JsonErrorException e)
        {
            return e.Error;
        }
    }

    private sealed class JsonErrorException(JsonError error) : Exception(error.Reason)
    {
        public JsonError Error { get; } = error;
    }

    private sealed class Scanner(string text)
    {
        public int Position { get; private set; }

        public void SkipBlanks()
        {
            while (Position < text.Length && text[Position] is ' ' or '\t' or '\n' or '\r')
                Position++;
        }

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

        private static JsonErrorException At(int position, string reason) => new(new JsonError(position, reason));
    }
}
