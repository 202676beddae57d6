using Microsoft.AspNetCore.Http.Features;
using Porthor.Server.Http;

namespace Porthor.Server.Web;

/// <summary>Represents a submitted form. If a field occurs more than once, the last value is used, except for lists.</summary>
internal sealed class PageForm(FormFields fields)
{
    public const string CsrfField = "csrf";

    /// <summary>Gets the value of a field; empty if it is missing.</summary>
    public string this[string name] => fields.Find(name) ?? "";

    public IEnumerable<string> All(string name) => fields.All(name);

    /// <summary>Reads the form of a request. Returns an empty form if the body has another type.</summary>
    public static async Task<PageForm> ReadAsync(HttpRequest request)
    {
        try
        {
            var fields = await FormFields.ReadAsync(
                request, new FormOptions(), namesIgnoreCase: true, request.HttpContext.RequestAborted);
            return fields.HasNul ? throw new InvalidDataException("The form contains a NUL character.") : new PageForm(fields);
        }
        catch (InvalidDataException e)
        {
            // The form has more or longer fields than any form of Porthor, or characters that browsers do not send.
            throw new BadHttpRequestException("The form cannot be read", StatusCodes.Status400BadRequest, e);
        }
    }
}
