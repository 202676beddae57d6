using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Porthor.OpenIdConnect;
using Porthor.Secrets;
using Porthor.Server.Http;

namespace Porthor.Server.OpenIdConnect;

/// <summary>Reads the form and the credentials of a request to the token endpoint (contract/oidc-server.md 7.1).</summary>
internal static class TokenForm
{
    /// <summary>
    /// Reads a request. If a field is given more than once, the last value is used. A body that is not a form has no fields.
    /// </summary>
    /// <returns>The request, and the client ID of the form for the log; null if the form has none.</returns>
    /// <exception cref="ProblemException">The Basic credentials are malformed.</exception>
    public static async Task<(TokenRequest Request, string? FormClient)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var fields = await FieldsAsync(request, cancellationToken);
        var formClient = fields["client_id"];
        var read = new TokenRequest
        {
            GrantType = fields["grant_type"],
            ClientId = formClient,
            ClientSecret = SecretOf(fields["client_secret"]),
            Code = SecretOf(fields["code"]),
            RedirectUri = fields["redirect_uri"],
        };
        return (Basic(request.Headers.Authorization) is var (id, secret)
            ? read with { ClientId = id.Length > 0 ? id : null, ClientSecret = SecretOf(secret) }
            : read, formClient);
    }

    private static Secret? SecretOf(string? text) => text is { Length: > 0 } ? new Secret(text) : null;

    private static async Task<FormFields> FieldsAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await FormFields.ReadAsync(request, new FormOptions(), namesIgnoreCase: false, cancellationToken);
        }
        catch (InvalidDataException)
        {
            return FormFields.Empty; // Too many fields.
        }
    }

    /// <summary>
    /// Parses Basic credentials, which take precedence over those of the form. Their halves are not percent-decoded. Returns null if the
    /// header is missing or has another type.
    /// </summary>
    private static (string Id, string Secret)? Basic(StringValues header)
    {
        if (header.Count == 0 || header[0] is not { } text || text.Split(' ', 2) is not [var type, ..]
            || !type.Equals("basic", StringComparison.OrdinalIgnoreCase))
            return null;
        if (Decode(text[type.Length..].Trim()) is { } decoded && decoded.Split(':', 2) is [var id, var secret])
            return (id, secret);
        throw Problem.Text(StatusCodes.Status401Unauthorized, "Not authenticated").With("WWW-Authenticate", "Basic").ToException();
    }

    /// <summary>Decodes Base64 of ASCII text. Returns null for any other text.</summary>
    private static string? Decode(string encoded)
    {
        try
        {
            var bytes = Convert.FromBase64String(encoded);
            return Ascii.IsValid(bytes) ? Encoding.ASCII.GetString(bytes) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
