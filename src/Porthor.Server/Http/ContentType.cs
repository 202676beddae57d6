namespace Porthor.Server.Http;

/// <summary>Reads the header <c>Content-Type</c> of a request as the reference does.</summary>
internal static class ContentType
{
    public const string Form = "application/x-www-form-urlencoded";

    /// <summary>
    /// Returns the media type without its parameters, which may be malformed; an empty text if the header is missing. The media type is not
    /// case-sensitive.
    /// </summary>
    public static ReadOnlySpan<char> MediaTypeOf(ReadOnlySpan<char> header)
    {
        var end = header.IndexOf(';');
        return (end < 0 ? header : header[..end]).Trim();
    }
}
