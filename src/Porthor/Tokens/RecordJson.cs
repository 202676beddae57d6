using System.Buffers;
using System.Text.Json;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>
/// Reads and writes records as JSON (contract/tokens.md 3.1). The written bytes are the same as those of the reference: all fields in the
/// same order, null for unset fields, sorted scopes, and times in whole seconds. The reader accepts the same variants as the reference.
/// </summary>
public static class RecordJson
{
    /// <summary>Returns the JSON of a record, in UTF-8.</summary>
    public static byte[] Write(TokenRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact);
        var user = record.UserData;
        writer.WriteStartObject();
        writer.WriteString("username", record.Username);
        writer.WriteString("name", user.Name);
        writer.WriteString("email", user.Email);
        WriteNumber(writer, "uid", user.Uid);
        WriteNumber(writer, "gid", user.Gid);
        if (user.Groups is { } groups)
            GroupJson.Write(writer, "groups", groups);
        else
            writer.WriteNull("groups");
        writer.WriteString("token_type", record.TokenType.ToText());
        writer.WriteString("service", record.Service);
        writer.WriteStartArray("scopes");
        foreach (var scope in record.Scopes.Names)
            writer.WriteStringValue(scope);
        writer.WriteEndArray();
        writer.WriteNumber("created", record.Created.ToUnixTimeSeconds());
        WriteNumber(writer, "expires", record.Expires?.ToUnixTimeSeconds());
        writer.WriteStartObject("token");
        writer.WriteString("key", record.Token.Key.Value);
        writer.WriteString("secret", record.Token.Secret);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Parses a record.</summary>
    /// <param name="json">The JSON, in UTF-8.</param>
    /// <param name="now">The time to use if <c>created</c> is missing.</param>
    /// <exception cref="FormatException">
    /// A field is missing or invalid. The message contains the name of the field, but not its value.
    /// </exception>
    public static TokenRecord Read(ReadOnlyMemory<byte> json, DateTimeOffset now)
    {
        using var document = ParseObject(json);
        var fields = new RecordFields(document.RootElement);
        return new TokenRecord
        {
            Username = fields.RequiredText("username", UserRules.MaxUsernameLength),
            UserData = new UserData
            {
                Name = fields.Text("name"),
                Email = fields.Text("email"),
                Uid = fields.PositiveInteger("uid"),
                Gid = fields.PositiveInteger("gid"),
                Groups = fields.Groups(),
            },
            TokenType = fields.TokenType(),
            Service = fields.Text("service", 64),
            Scopes = fields.Scopes(),
            Created = (fields.Time("created") ?? now).TruncateToSeconds(),
            Expires = fields.Time("expires")?.TruncateToSeconds(),
            Token = fields.Token(),
        };
    }

    private static JsonDocument ParseObject(ReadOnlyMemory<byte> json)
    {
        try
        {
            var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new FormatException("not a JSON object");
        }
        catch (JsonException e)
        {
            throw new FormatException("not JSON", e);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
            writer.WriteNumber(name, number);
        else
            writer.WriteNull(name);
    }
}
