using System.Globalization;
using Porthor.Identity;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Api.Validation;

/// <summary>
/// Reads path and query parameters (contract/api.md 3.1). If a parameter is given more than once, the last value is used. An empty
/// parameter is an empty text.
/// </summary>
/// <param name="blankIsNone">True for forms, which send unfilled fields as empty texts.</param>
internal sealed class ParameterReader(HttpContext context, ValidationErrors errors, bool blankIsNone = false)
{
    public static readonly Pattern Username = new(UserRules.UsernamePattern, UserRules.IsUsername);

    private static readonly Pattern Actor = new(
        $"{UserRules.UsernamePattern}|^<[a-z]+>$", text => UserRules.IsUsername(text) || IsSynthetic(text));

    private static readonly Pattern Cursor = new("^p?[0-9]+_[0-9]+$", IsCursor);

    private QueryParameters? query;

    public string PathUsername() =>
        Text(new Location("path", "username"), Route("username"), 1, UserRules.MaxUsernameLength, Username) ?? "";

    public TokenKey PathKey() =>
        new(Text(new Location("path", "key"), Route("key"), TokenKey.Length, TokenKey.Length, pattern: null) ?? "");

    public string? QueryUsername() => QueryText("username", 1, UserRules.MaxUsernameLength, Username);

    public string? QueryActor() => QueryText("actor", 1, UserRules.MaxUsernameLength, Actor);

    public TokenKey? QueryKey() => QueryText("key", TokenKey.Length, TokenKey.Length, pattern: null) is { } key ? new TokenKey(key) : null;

    public string? QueryCursor() => QueryText("cursor", 0, int.MaxValue, Cursor);

    public string? QueryAddress() => Query("ip_address");

    /// <summary>Reads the maximum number of entries, at least 1.</summary>
    public long? QueryLimit()
    {
        const string name = "limit";
        if (Query(name) is not { } text)
            return null;
        if (!TextValidation.TryParseInteger(text, out var limit))
            errors.Add("int_parsing", At(name), "Input should be a valid integer, unable to parse string as an integer", text);
        else if (limit < 1)
            errors.Add("greater_than_equal", At(name), "Input should be greater than or equal to 1", text, ("ge", 1));
        else if (limit > long.MaxValue)
            errors.Add("int_parsing_size", At(name), "Unable to parse input string as an integer, exceeded maximum size", text);
        else
            return (long)limit;
        return null;
    }

    public DateTimeOffset? QueryTime(string name)
    {
        if (Query(name) is not { } text)
            return null;
        if (TimeText.TryParse(text, out var time, out var error))
            return time;
        var (type, message, detail) = TimeValidation.Error(error);
        errors.Add(type, At(name), message, text, detail);
        return null;
    }

    public TokenType? QueryTokenType()
    {
        const string name = "token_type";
        if (Query(name) is not { } text)
            return null;
        if (TokenTypes.TryParse(text) is { } type)
            return type;
        errors.Add("enum", At(name), $"Input should be {TokenTypeNames}", text, ("expected", TokenTypeNames));
        return null;
    }

    /// <summary>Gets all token types as text for messages.</summary>
    public static string TokenTypeNames { get; } =
        string.Join(", ", TokenTypes.All.SkipLast(1).Select(name => $"'{name}'")) + $" or '{TokenTypes.All[^1]}'";

    private string? QueryText(string name, int shortest, int longest, Pattern? pattern) =>
        Query(name) is { } text ? Text(At(name), text, shortest, longest, pattern) : null;

    private string? Text(Location where, string text, int shortest, int longest, Pattern? pattern)
    {
        if (TextValidation.Check(text, shortest, longest, pattern) is var (type, message, detail))
            errors.Add(type, where, message, text, detail);
        else if (text.Contains('\0', StringComparison.Ordinal))
            errors.Add("value_error", where, "Value error, NUL characters are not allowed", text, ("error", new object()));
        else
            return text;
        return null;
    }

    private string Route(string name) => Convert.ToString(context.Request.RouteValues[name], CultureInfo.InvariantCulture) ?? "";

    private string? Query(string name)
    {
        query ??= new QueryParameters(context.Request);
        return blankIsNone ? query[name] : query.Find(name);
    }

    private static Location At(string name) => new("query", name);

    private static bool IsSynthetic(string text) =>
        text.Length > 2 && text[0] == '<' && text[^1] == '>' && !text.AsSpan(1, text.Length - 2).ContainsAnyExceptInRange('a', 'z');

    private static bool IsCursor(string text)
    {
        var parts = (text.StartsWith('p') ? text[1..] : text).Split('_');
        return parts.Length == 2 && parts.All(part => part.Length > 0 && !part.AsSpan().ContainsAnyExceptInRange('0', '9'));
    }
}
