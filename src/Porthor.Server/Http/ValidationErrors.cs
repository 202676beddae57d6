using System.Text.Json;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>Represents a location in a request: <c>["body","groups",0,"name"]</c>.</summary>
internal sealed record Location(params IReadOnlyList<object> Steps)
{
    public Location Then(object step) => new([.. Steps, step]);
}

/// <summary>
/// Collects the validation errors of parameters and body, so that the response contains all of them (contract/api.md 4.3).
/// </summary>
internal sealed class ValidationErrors
{
    private readonly List<(
        string Type, Location Where, string Message, Action<Utf8JsonWriter> Input, (string Name, object Value)? Context)> errors = [];

    public bool Any => errors.Count > 0;

    /// <summary>Gets the invalid parameters, each with its message.</summary>
    public IEnumerable<(string Field, string Message)> ByField => errors.Select(error => ($"{error.Where.Steps[^1]}", error.Message));

    /// <param name="input">The value that was sent, as text.</param>
    /// <param name="context">A value in the message.</param>
    public void Add(string type, Location where, string message, string? input, (string Name, object Value)? context = null) =>
        errors.Add((type, where, message, writer => writer.WriteStringValue(input), context));

    /// <param name="input">The value that was sent, as JSON.</param>
    public void Add(string type, Location where, string message, JsonElement input, (string Name, object Value)? context = null) =>
        errors.Add((type, where, message, writer => Echo(writer, input), context));

    public void AddAll(ValidationErrors others) => errors.AddRange(others.errors);

    public void ThrowIfAny()
    {
        if (Any)
            throw Problem.Of(this).ToException();
    }

    /// <summary>Returns the body of the response, in UTF-8.</summary>
    public ReadOnlyMemory<byte> ToJson() => ReferenceJson.WriteObject(writer =>
    {
        writer.WriteStartArray("detail");
        foreach (var error in errors)
            Write(writer, error.Type, error.Where, error.Message, error.Input, error.Context);
        writer.WriteEndArray();
    });

    private static void Write(
        Utf8JsonWriter writer, string type, Location where, string message, Action<Utf8JsonWriter> input,
        (string Name, object Value)? context)
    {
        writer.WriteStartObject();
        writer.WriteString("type", type);
        writer.WriteStartArray("loc");
        foreach (var step in where.Steps)
        {
            if (step is int index)
                writer.WriteNumberValue(index);
            else
                writer.WriteStringValue((string)step);
        }
        writer.WriteEndArray();
        writer.WriteString("msg", message);
        writer.WritePropertyName("input");
        input(writer);
        if (context is var (name, value))
        {
            writer.WriteStartObject("ctx");
            writer.WritePropertyName(name);
            switch (value)
            {
                case int or long:
                    writer.WriteNumberValue(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case string text:
                    writer.WriteStringValue(text);
                    break;
                default:
                    writer.WriteStartObject();
                    writer.WriteEndObject();
                    break;
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    /// <summary>
    /// Writes the received value in compact form, with as few escapes as possible. Half of a surrogate pair cannot be encoded, so it stays
    /// escaped.
    /// </summary>
    private static void Echo(Utf8JsonWriter writer, JsonElement input)
    {
        switch (input.ValueKind)
        {
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in input.EnumerateObject())
                {
                    writer.WritePropertyName(field.Name);
                    Echo(writer, field.Value);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in input.EnumerateArray())
                    Echo(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String when JsonText.Read(input) is { } text:
                writer.WriteStringValue(text);
                break;
            default:
                writer.WriteRawValue(input.GetRawText(), skipInputValidation: true);
                break;
        }
    }
}
