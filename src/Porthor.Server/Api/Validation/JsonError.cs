namespace Porthor.Server.Api.Validation;

/// <summary>Represents the position and the reason of a JSON syntax error, as the parser of the reference reports them.</summary>
/// <param name="Offset">The position in characters from the start.</param>
internal readonly record struct JsonError(int Offset, string Reason)
{
    /// <summary>Finds the error in a text that is not valid JSON.</summary>
    public static JsonError Find(string text)
    {
        var scanner = new JsonSyntaxScanner(text);
        try
        {
            scanner.SkipBlanks();
            scanner.Value(depth: 0);
            scanner.SkipBlanks();
            return new JsonError(scanner.Position, "Extra data");
        }
        catch (JsonSyntaxException e)
        {
            return e.Error;
        }
    }
}
