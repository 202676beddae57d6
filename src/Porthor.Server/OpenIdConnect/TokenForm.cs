using System.Text;
using Microsoft.AspNetCore.WebUtilities;
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
        var formClient = Field("client_id");
        var read = new TokenRequest
        {
            GrantType = Field("grant_type"),
            ClientId = formClient,
            ClientSecret = SecretOf(Field("client_secret")),
            Code = SecretOf(Field("code")),
            RedirectUri = Field("redirect_uri"),
        };
        return (Basic(request.Headers.Authorization) is var (id, secret)
            ? read with { ClientId = id.Length > 0 ? id : null, ClientSecret = SecretOf(secret) }
            : read, formClient);

        string? Field(string name) => fields.TryGetValue(name, out var values) && values is [.., { Length: > 0 } value] ? value : null;
    }

    private static Secret? SecretOf(string? text) => text is { Length: > 0 } ? new Secret(text) : null;

    private static async Task<Dictionary<string, StringValues>> FieldsAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!ContentType.MediaTypeOf(request.ContentType).Equals(ContentType.Form, StringComparison.OrdinalIgnoreCase))
            return [];
        using var reader = new FormReader(request.Body);
        try
        {
            // The names of fields are case-sensitive.
            return new Dictionary<string, StringValues>(await reader.ReadFormAsync(cancellationToken), StringComparer.Ordinal);
        }
        catch (InvalidDataException)
        {
            return []; // Too many fields.
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
