using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Web;

/// <summary>What a form sent. Of a field that came more than once the last counts, except where all are asked for.</summary>
internal sealed class PageForm(IFormCollection fields)
{
    public const string CsrfField = "csrf";
    private const string ContentType = "application/x-www-form-urlencoded";

    /// <summary>A field's text; empty if it is not there.</summary>
    public string this[string name] => fields[name] is [.., { } text] ? text : "";

    public IEnumerable<string> All(string name) => ((IEnumerable<string?>)fields[name]).OfType<string>();

    /// <summary>The form of a request; an empty one if it is of another kind than ours are.</summary>
    public static async Task<PageForm> ReadAsync(HttpRequest request)
    {
        var type = request.ContentType?.Split(';')[0].Trim();
        if (!ContentType.Equals(type, StringComparison.OrdinalIgnoreCase))
            return new PageForm(new FormCollection(new Dictionary<string, StringValues>()));
        try
        {
            return new PageForm(await request.ReadFormAsync(request.HttpContext.RequestAborted));
        }
        catch (InvalidDataException e)
        {
            // More fields, or longer ones, than any form of ours has.
            throw new BadHttpRequestException("The form cannot be read", StatusCodes.Status400BadRequest, e);
        }
    }
}
