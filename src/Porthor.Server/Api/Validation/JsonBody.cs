using System.Text;
using System.Text.Json;
using Porthor.Server.Http;

namespace Porthor.Server.Api.Validation;

/// <summary>
/// Represents the body of a request (contract/api.md 1). The JSON syntax is checked before anything else. The fields are read later,
/// together with the other parameters.
/// </summary>
internal sealed class JsonBody
{
    private static readonly Location Root = new("body");

    private readonly JsonElement json;
    private readonly string? opaque;

    private JsonBody(JsonElement json, string? opaque)
    {
        this.json = json;
        this.opaque = opaque;
    }

    /// <summary>Reads the body. The server limits its size.</summary>
    /// <exception cref="ProblemException">
    /// The content type is JSON, but the body is not valid JSON or not in a Unicode encoding.
    /// </exception>
    public static async Task<JsonBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellationToken);
        if (buffer.Length == 0)
            return new JsonBody(default, opaque: null);
        var bytes = buffer.ToArray();
        if (!IsJson(request.ContentType))
            return new JsonBody(default, Encoding.UTF8.GetString(bytes));
        string text;
        try
        {
            text = JsonEncoding.Decode(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw NotText();
        }
        try
        {
            using var document = JsonDocument.Parse(text);
            if (text.Contains('\\', StringComparison.Ordinal) && !NamesAreText(Encoding.UTF8.GetBytes(text)))
                throw NotText();
            return new JsonBody(document.RootElement.Clone(), opaque: null);
        }
        catch (JsonException)
        {
            var error = JsonError.Find(text);
            var errors = new ValidationErrors();
            errors.Add(
                "json_invalid", Root.Then(error.Offset), "JSON decode error", JsonDocument.Parse("{}").RootElement,
                ("error", error.Reason));
            throw Problem.Of(errors).ToException();
        }
    }

    /// <summary>Returns the fields of the body. Returns null and adds an error if it is not an object.</summary>
    public JsonFields? Fields(ValidationErrors errors)
    {
        if (opaque is null && json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            errors.Add("missing", Root, "Field required", input: null);
            return null;
        }
        if (json.ValueKind == JsonValueKind.Object)
            return new JsonFields(json, Root, errors);
        const string message = "Input should be a valid dictionary or object to extract fields from";
        if (opaque is not null)
            errors.Add("model_attributes_type", Root, message, opaque);
        else
            errors.Add("model_attributes_type", Root, message, json);
        return null;
    }

    private static ProblemException NotText() =>
        Problem.Text(StatusCodes.Status400BadRequest, "There was an error parsing the body").ToException();

    /// <summary>
    /// Returns false if the name of a field contains half of a surrogate pair, because such a name cannot be compared. In a value, this is
    /// an error of the field.
    /// </summary>
    private static bool NamesAreText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                    _ = reader.GetString();
            }
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsJson(string? contentType)
    {
        const string application = "application/";
        var type = ContentType.MediaTypeOf(contentType);
        if (!type.StartsWith(application, StringComparison.OrdinalIgnoreCase))
            return false;
        var subtype = type[application.Length..];
        return !subtype.Contains('/') && (subtype.Equals("json", StringComparison.OrdinalIgnoreCase)
            || subtype.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
    }
}
