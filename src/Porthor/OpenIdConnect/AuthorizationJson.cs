using System.Buffers;
using System.Text.Json;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Writes the data of an authorization code as JSON with the same bytes as the reference, and reads what the reference writes
/// (contract/storage.md 3.5).
/// </summary>
public static class AuthorizationJson
{
    /// <summary>Returns the JSON, in UTF-8. It contains secrets and must be encrypted.</summary>
    public static byte[] Write(StoredAuthorization authorization)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact);
        writer.WriteStartObject();
        WriteToken(
            writer, "code",
            authorization.Code.Halves ?? throw new ArgumentException("The code was not issued.", nameof(authorization)));
        writer.WriteString("client_id", authorization.ClientId);
        writer.WriteString("redirect_uri", authorization.RedirectUri);
        WriteToken(writer, "token", authorization.Token);
        writer.WriteNumber("created_at", authorization.CreatedAt.ToUnixTimeSeconds());
        writer.WriteStartArray("scopes");
        foreach (var scope in authorization.Scopes)
            writer.WriteStringValue(scope);
        writer.WriteEndArray();
        writer.WriteString("nonce", authorization.Nonce);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Parses the JSON.</summary>
    /// <param name="json">The JSON, in UTF-8.</param>
    /// <param name="now">The time to use if the time of creation is missing.</param>
    /// <exception cref="FormatException">A field is missing or invalid. The message names the field and contains no value.</exception>
    public static StoredAuthorization Read(ReadOnlyMemory<byte> json, DateTimeOffset now)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException("not a JSON object");
            var fields = new RecordFields(document.RootElement);
            var scopes = fields.Texts("scopes") ?? [OpenIdScopes.OpenId];
            if (scopes.Any(scope => !OpenIdScopes.Known.Contains(scope)))
                throw new FormatException("scopes contains an unknown scope");
            return new StoredAuthorization
            {
                Code = new AuthorizationCode(fields.Token("code")),
                ClientId = fields.AnyText("client_id") ?? throw new FormatException("client_id is missing"),
                RedirectUri = fields.AnyText("redirect_uri") ?? throw new FormatException("redirect_uri is missing"),
                Token = fields.Token(),
                CreatedAt = (fields.Time("created_at") ?? now).TruncateToSeconds(),
                Scopes = scopes,
                Nonce = fields.AnyText("nonce"),
            };
        }
        catch (JsonException e)
        {
            throw new FormatException("not JSON", e);
        }
    }

    private static void WriteToken(Utf8JsonWriter writer, string name, Token token)
    {
        writer.WriteStartObject(name);
        writer.WriteString("key", token.Key.Value);
        writer.WriteString("secret", token.Secret);
        writer.WriteEndObject();
    }
}
