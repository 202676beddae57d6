using System.Text.Json;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Api.Validation;

/// <summary>
/// Reads the fields of a JSON object in a request by the rules of the reference (contract/api.md 3). If a value is invalid, a method adds
/// an error and returns a placeholder value, so that all errors of the body are found.
/// </summary>
internal sealed partial class JsonFields(JsonElement json, Location where, ValidationErrors errors)
{
    /// <summary>The maximum length of a name for which a similar name is searched, because the search takes time and memory.</summary>
    private const int LongestMistyped = 32;

    private readonly HashSet<string> known = [];
    private readonly List<JsonFields> nested = [];

    /// <summary>Gets the whole object, for errors that concern it.</summary>
    public JsonElement Json => json;

    public ValidationErrors Errors => errors;

    public Location Where(string name) => where.Then(name);

    /// <summary>Returns the value of a field; null if it is absent. The field is then known, so it is not reported as unknown.</summary>
    public JsonElement? Find(string name)
    {
        known.Add(name);
        return json.TryGetProperty(name, out var value) ? value : null;
    }

    /// <summary>
    /// Returns the unknown fields of this object and of nested objects, each with the most similar known name. The result is complete after
    /// the body has been read.
    /// </summary>
    public IEnumerable<(string Path, string? Meant)> UnknownFields()
    {
        if (json.ValueKind != JsonValueKind.Object)
            return [];
        var own = json.EnumerateObject().Where(field => !known.Contains(field.Name))
            .Select(field => (Path(field.Name), field.Name.Length <= LongestMistyped ? SpellingSuggestion.Find(field.Name, known) : null));
        return own.Concat(nested.SelectMany(fields => fields.UnknownFields()));
    }

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Returns the value of a required field. Adds an error and returns null if it is absent.</summary>
    public JsonElement? Required(string name)
    {
        var value = Find(name);
        if (value is null)
            errors.Add("missing", Where(name), "Field required", json);
        return value;
    }

    /// <summary>Reads a required text.</summary>
    /// <param name="check">A further check, which returns the error; null for no check.</param>
    public string RequiredText(string name, int shortest, int longest, Pattern? pattern = null, Func<string, string?>? check = null) =>
        Required(name) is { } value ? Text(value, Where(name), shortest, longest, pattern, check) ?? "" : "";

    /// <summary>Reads a text. Returns null if it is absent or null.</summary>
    /// <inheritdoc cref="RequiredText"/>
    public string? OptionalText(string name, int shortest, int longest = int.MaxValue, Func<string, string?>? check = null) =>
        NotNull(name) is { } value ? Text(value, Where(name), shortest, longest, pattern: null, check) : null;

    /// <summary>Reads an integer of at least 1. Returns null if it is absent or null.</summary>
    public long? OptionalPositive(string name) => NotNull(name) is { } value ? Integer(value, Where(name), least: 1) : null;

    /// <summary>
    /// Reads scopes: a list, or a comma-separated text. Returns null if they are absent. An element that is not a text counts as an unknown
    /// scope, which is rejected after all other values were checked (contract/api.md 3.3).
    /// </summary>
    public ScopeSet? Scopes(string name, bool nullable = false)
    {
        if (Find(name) is not { } value || (nullable && value.ValueKind == JsonValueKind.Null))
            return null;
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return ScopeSet.Parse(JsonText.Read(value) ?? UnknownScope);
            case JsonValueKind.Array:
                return ScopeSet.Of([.. value.EnumerateArray().Select((item, index) => Scope(item, Where(name).Then(index)))]);
            default:
                errors.Add("set_type", Where(name), "Input should be a valid set", value);
                return null;
        }
    }

    /// <summary>Reads a time in any of the supported formats. Returns null if it is absent or null.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (NotNull(name) is not { } value)
            return null;
        if (TryReadTime(value, out var time, out var error))
            return time;
        var (type, message, context) = error is { } found
            ? TimeValidation.Error(found)
            : ("datetime_type", "Input should be a valid datetime", null);
        errors.Add(type, Where(name), message, value, context);
        return null;
    }

    /// <summary>Reads a list of objects. Returns null if it is absent or null.</summary>
    public IReadOnlyList<T>? Objects<T>(string name, Func<JsonFields, T> read)
    {
        if (NotNull(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.Add("list_type", Where(name), "Input should be a valid list", value);
            return null;
        }
        List<T> items = [];
        foreach (var item in value.EnumerateArray())
        {
            var at = Where(name).Then(items.Count);
            if (item.ValueKind != JsonValueKind.Object)
                errors.Add("model_attributes_type", at, "Input should be a valid dictionary or object to extract fields from", item);
            var fields = new JsonFields(
                item.ValueKind == JsonValueKind.Object ? item : EmptyObject, at,
                item.ValueKind == JsonValueKind.Object ? errors : new ValidationErrors());
            nested.Add(fields);
            items.Add(read(fields));
        }
        return items;
    }

    /// <summary>Reads an integer with a minimum, in any of the supported formats.</summary>
    public long Integer(JsonElement value, Location at, long least = long.MinValue)
    {
        if (TryReadInteger(value, out var number, out var error))
        {
            if (number < least)
                errors.Add("greater_than_equal", at, $"Input should be greater than or equal to {least}", value, ("ge", least));
            else if (number is >= long.MinValue and <= long.MaxValue)
                return (long)number;
            else
                errors.Add("int_parsing_size", at, "Unable to parse input string as an integer, exceeded maximum size", value);
        }
        else
        {
            errors.Add(error.Type, at, error.Message, value);
        }
        return 0;
    }

    /// <summary>A name that no scope can have.</summary>
    private const string UnknownScope = " ";

    private string Scope(JsonElement item, Location at)
    {
        if (item.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
            errors.Add("string_type", at, "Input should be a valid string", item);
        return item.ValueKind == JsonValueKind.String ? JsonText.Read(item) ?? UnknownScope : UnknownScope;
    }

    /// <summary>Returns the path of a field in the body: <c>groups.0.name</c>.</summary>
    private string Path(string name) => string.Join('.', Where(name).Steps.Skip(1));

    private static readonly JsonElement EmptyObject = JsonDocument.Parse("{}").RootElement;

    private JsonElement? NotNull(string name) => Find(name) is { ValueKind: not JsonValueKind.Null } value ? value : null;

    private string? Text(JsonElement value, Location at, int shortest, int longest, Pattern? pattern, Func<string, string?>? check = null)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            errors.Add("string_type", at, "Input should be a valid string", value);
            return null;
        }
        if (JsonText.Read(value) is not { } text)
        {
            errors.Add("string_unicode", at, "Input should be a valid string, unable to parse raw data as a unicode string", value);
            return null;
        }
        if (TextValidation.Check(text, shortest, longest, pattern) is var (type, message, context))
            errors.Add(type, at, message, value, context);
        else if (text.Contains('\0', StringComparison.Ordinal))
            errors.Add("value_error", at, "Value error, NUL characters are not allowed", value, ("error", new object()));
        else if (check?.Invoke(text) is { } hiding && TokenSearch.Contains(text))
            errors.Add("value_error", at, $"Value error, {hiding}", "***", ("error", new object()));
        else if (check?.Invoke(text) is { } found)
            errors.Add("value_error", at, $"Value error, {found}", value, ("error", new object()));
        return text;
    }

    /// <param name="error">The error; null if the value cannot be a time.</param>
    private static bool TryReadTime(JsonElement value, out DateTimeOffset time, out TimeParseError? error)
    {
        error = null;
        time = default;
        if (value.ValueKind == JsonValueKind.Number)
        {
            // A number that does not fit into a decimal is also later than every valid time.
            var read = TimeText.TryFromNumber(
                value.TryGetDecimal(out var number) ? number : decimal.MaxValue, out time, out var outOfRange);
            error = outOfRange;
            return read;
        }
        if (value.ValueKind != JsonValueKind.String || JsonText.Read(value) is not { } text)
            return false;
        var parsed = TimeText.TryParse(text, out time, out var unreadable);
        error = unreadable;
        return parsed;
    }

    private static bool TryReadInteger(JsonElement value, out decimal number, out (string Type, string Message) error)
    {
        error = ("int_type", "Input should be a valid integer");
        number = 0;
        switch (value.ValueKind)
        {
            case JsonValueKind.True:
                number = 1;
                return true;
            case JsonValueKind.False:
                return true;
            // A number that is too small for a decimal is read as zero, but it is not an integer.
            case JsonValueKind.Number when value.TryGetDecimal(out number) && decimal.IsInteger(number)
                && double.IsInteger(value.GetDouble()):
                return true;
            case JsonValueKind.Number when value.TryGetDecimal(out number):
                error = ("int_from_float", "Input should be a valid integer, got a number with a fractional part");
                return false;
            case JsonValueKind.Number:
                // The number is larger than any numeric type supports.
                number = decimal.MaxValue;
                return true;
            case JsonValueKind.String:
                error = ("int_parsing", "Input should be a valid integer, unable to parse string as an integer");
                return JsonText.Read(value) is { } text && TextValidation.TryParseInteger(text, out number);
            default:
                return false;
        }
    }
}
