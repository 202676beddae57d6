namespace Porthor.Testing;

/// <summary>A request as the site received it, byte for byte. Every byte is one character (Latin-1).</summary>
/// <param name="Target">The request target, without any normalization.</param>
/// <param name="Lines">The header lines.</param>
/// <param name="Trailers">The trailer lines of a chunked body.</param>
internal sealed record RawRequest(string Method, string Target, IReadOnlyList<string> Lines, IReadOnlyList<string> Trailers)
{
    /// <summary>The values of a header, in the order of arrival.</summary>
    public IReadOnlyList<string> Values(string name) =>
        [.. Lines.Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(
            line => line[(name.Length + 1)..].Trim(' '))];

    /// <summary>
    /// The values of a variable as CGI, WSGI and PHP name it: every character that is no letter or digit becomes an underscore.
    /// </summary>
    public IReadOnlyList<string> Variables(string name) =>
        [.. Lines.Concat(Trailers).Where(line => Fold(line.Split(':')[0]) == Fold(name)).Select(
            line => line[(line.IndexOf(':') + 1)..].Trim(' '))];

    private static string Fold(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
}
