using System.Globalization;
using System.Text.Json;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.Api.Validation;

// The types of fields that only quotas have.
internal sealed partial class JsonFields
{
    /// <summary>Adds an error for each field that is not in the list.</summary>
    public void Only(params IReadOnlyList<string> names)
    {
        foreach (var field in json.EnumerateObject())
        {
            if (known.Add(field.Name) && !names.Contains(field.Name))
                errors.Add("extra_forbidden", Where(field.Name), "Extra inputs are not permitted", field.Value);
        }
    }

    /// <summary>Reads an object. Returns null if it is absent.</summary>
    public T? Object<T>(string name, Func<JsonFields, T> read)
        where T : class
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return read(new JsonFields(value, Where(name), errors));
        errors.Add("model_attributes_type", Where(name), "Input should be a valid dictionary or object to extract fields from", value);
        return null;
    }

    /// <summary>Reads an object as a map. Returns an empty map if it is absent.</summary>
    public IReadOnlyDictionary<string, T> Map<T>(string name, Func<JsonFields, string, T> read)
    {
        Dictionary<string, T> map = [];
        if (Find(name) is not { } value)
            return map;
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.Add("dict_type", Where(name), "Input should be a valid dictionary", value);
            return map;
        }
        var entries = new JsonFields(value, Where(name), errors);
        foreach (var entry in value.EnumerateObject())
            map[entry.Name] = read(entries, entry.Name);
        return map;
    }

    /// <summary>Reads a list of distinct texts. Returns an empty list if it is absent.</summary>
    public IReadOnlyList<string> TextSet(string name)
    {
        switch (Find(name))
        {
            case null:
                return [];
            case { ValueKind: JsonValueKind.Array } list:
                var items = list.EnumerateArray().Select(
                    (item, index) => Text(item, Where(name).Then(index), 0, int.MaxValue, pattern: null) ?? "");
                return ScopeSet.Of([.. items]).Names;
            case { } value:
                errors.Add("set_type", Where(name), "Input should be a valid set", value);
                return [];
        }
    }

    /// <summary>Reads a required finite number, which can be given as text.</summary>
    public double RequiredNumber(string name)
    {
        if (Required(name) is not { } value)
            return 0;
        switch (value.ValueKind)
        {
            case JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number):
                return number;
            case JsonValueKind.True or JsonValueKind.False:
                return value.ValueKind == JsonValueKind.True ? 1 : 0;
            case JsonValueKind.String:
                // The .NET parsers ignore trailing NUL characters.
                if (JsonText.Read(value) is { } text && !text.Contains('\0', StringComparison.Ordinal)
                    && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) && double.IsFinite(parsed))
                    return parsed;
                errors.Add("float_parsing", Where(name), "Input should be a valid number, unable to parse string as a number", value);
                return 0;
            default:
                errors.Add("float_type", Where(name), "Input should be a valid number", value);
                return 0;
        }
    }

    public bool Flag(string name, bool otherwise)
    {
        if (Find(name) is not { } value)
            return otherwise;
        var text = value.ValueKind switch
        {
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => JsonText.Read(value),
            _ => null,
        };
        if (BooleanText.Parse(text) is { } flag)
            return flag;
        if (text is null)
            errors.Add("bool_type", Where(name), "Input should be a valid boolean", value);
        else
            errors.Add("bool_parsing", Where(name), "Input should be a valid boolean, unable to interpret input", value);
        return otherwise;
    }
}
