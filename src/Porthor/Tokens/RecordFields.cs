using System.Text.Json;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Tokens;

/// <summary>Reads the fields of a record's JSON (contract/tokens.md 3.1, "accepted on read").</summary>
internal readonly struct RecordFields(JsonElement json)
{
    public string RequiredText(string name, int longest) =>
        Text(name, longest) ?? throw new FormatException($"{name} is missing");

    public string? Text(string name, int longest = int.MaxValue)
    {
        if (Find(name) is not { } value)
            return null;
        var text = TextOf(value, name);
        return text.Length >= 1 && (text.Length <= longest || text.EnumerateRunes().Count() <= longest)
            ? text
            : throw new FormatException($"{name} has a wrong length");
    }

    public long? PositiveInteger(string name) =>
        Find(name) is not { } value ? null
        : IntegerOf(value, name) is >= 1 and var number ? number
        : throw new FormatException($"{name} is below 1");

    public TokenType TokenType() =>
        TokenTypes.TryParse(Find("token_type") is { } value ? TextOf(value, "token_type") : null)
        ?? throw new FormatException("token_type is missing or unknown");

    public ScopeSet Scopes() => Find("scopes") switch
    {
        { ValueKind: JsonValueKind.String } text => ScopeSet.Parse(TextOf(text, "scopes")),
        { ValueKind: JsonValueKind.Array } list => ScopeSet.Of(list.EnumerateArray().Select(scope => TextOf(scope, "scopes"))),
        _ => throw new FormatException("scopes is missing or not a list"),
    };

    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } value)
            return null;
        DateTimeOffset time = default;
        var read = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDecimal(out var number) && TimeText.TryFromStoredNumber(number, out time),
            JsonValueKind.String => TimeText.TryParse(TextOf(value, name), out time, out _),
            _ => false,
        };
        return read ? time : throw new FormatException($"{name} is not a time");
    }

    public IReadOnlyList<Group>? Groups()
    {
        if (Find("groups") is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw new FormatException("groups is not a list");
        return [.. value.EnumerateArray().Select(GroupOf)];
    }

    /// <summary>Returns a text, which may be empty; null if the field is absent or null.</summary>
    public string? AnyText(string name) => Find(name) is { } value ? TextOf(value, name) : null;

    /// <summary>Returns a list of texts; null if the field is absent or null.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw new FormatException($"{name} is not a list");
        return [.. value.EnumerateArray().Select(item => TextOf(item, name))];
    }

    /// <summary>Returns an object with a key and a secret.</summary>
    public Token Token(string name = "token")
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Object } value)
            throw new FormatException($"{name} is missing or not an object");
        var fields = new RecordFields(value);
        var key = fields.RequiredText("key", TokenKey.Length);
        var secret = fields.RequiredText("secret", Tokens.Token.SecretLength);
        return key.Length == TokenKey.Length && secret.Length == Tokens.Token.SecretLength
            ? new Token(new TokenKey(key), secret)
            : throw new FormatException($"{name} has a wrong length");
    }

    private static Group GroupOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new FormatException("groups contains a value that is not an object");
        var fields = new RecordFields(value);
        var name = fields.RequiredText("name", int.MaxValue);
        if (!UserRules.IsGroupName(name) || fields.Find("id") is not { } id)
            throw new FormatException("groups contains an invalid group");
        return new Group(name, IntegerOf(id, "id"));
    }

    private static string TextOf(JsonElement value, string name)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{name} is not a string");
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException($"{name} is not valid Unicode", e);
        }
    }

    private static long IntegerOf(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : throw new FormatException($"{name} is not an integer");

    /// <summary>Returns the value of a field; null if it is absent or null.</summary>
    private JsonElement? Find(string name)
    {
        try
        {
            return json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException("the name of a field is not valid Unicode", e);
        }
    }
}
