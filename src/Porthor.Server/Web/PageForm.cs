using Microsoft.Extensions.Primitives;

namespace Porthor.Server.Web;

/// <summary>Represents a submitted form. If a field occurs more than once, the last value is used, except for lists.</summary>
internal sealed class PageForm(IFormCollection fields)
{
    public const string CsrfField = "csrf";
    private const string ContentType = "application/x-www-form-urlencoded";

    /// <summary>Gets the value of a field; empty if it is missing.</summary>
    public string this[string name] => fields[name] is [.., { } text] ? text : "";

    public IEnumerable<string> All(string name) => ((IEnumerable<string?>)fields[name]).OfType<string>();

    /// <summary>Reads the form of a request. Returns an empty form if the body has another type.</summary>
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
            // The form has more or longer fields than any form of Porthor.
            throw new BadHttpRequestException("The form cannot be read", StatusCodes.Status400BadRequest, e);
        }
    }
}
