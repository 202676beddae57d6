using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http.Features;
using Porthor.Secrets;
using Porthor.Server.Http;

namespace Porthor.Server.Login.Local;

/// <summary>Represents the fields of the login form.</summary>
/// <param name="State">The state of the login for which the form was shown.</param>
internal sealed record LocalLoginForm(string State, string Username, Secret Password)
{
    private static readonly FormOptions Limits = new() { ValueCountLimit = 8, KeyLengthLimit = 64, ValueLengthLimit = 4096 };

    /// <exception cref="ProblemException">The body is not a valid form.</exception>
    public static async Task<LocalLoginForm> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !ContentType.Form.Equals(type.MediaType, StringComparison.OrdinalIgnoreCase)
            || type.CharSet is not (null or "utf-8" or "UTF-8"))
        {
            throw Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, $"The body must be {ContentType.Form} in UTF-8", "not_a_form").ToException();
        }
        try
        {
            var fields = await FormFields.ReadAsync(request, Limits, namesIgnoreCase: true, cancellationToken);
            return new LocalLoginForm(One(fields, "state"), One(fields, "username"), new Secret(One(fields, "password")));
        }
        catch (InvalidDataException)
        {
            throw Bad("The form has too many fields, or one that is too long");
        }
    }

    /// <summary>Hides all fields, because users also type their password in the wrong field.</summary>
    public override string ToString() => "***";

    private static string One(FormFields fields, string name) =>
        fields.All(name).ToList() is [var value] ? value : throw Bad($"The form must have one field {name}");

    private static ProblemException Bad(string message) => Problem.Of(StatusCodes.Status400BadRequest, message, "bad_form").ToException();
}
