using System.Text.Json;
using Porthor.Identity;
using Porthor.Server.Api.Validation;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Reads the bodies of token requests in the field order of the contract (api.md 5.6, 5.10).</summary>
internal static class TokenBodies
{
    public const int LongestName = TokenRules.LongestTokenName;

    private static readonly Pattern GroupName = new(UserRules.GroupNamePattern, UserRules.IsGroupName);

    public static UserTokenRequest ReadUserToken(JsonFields body) => new(
        body.RequiredText("token_name", 1, LongestName, check: TokenRules.TokenNameError),
        body.Scopes("scopes") ?? ScopeSet.Empty,
        body.Time("expires"));

    public static AdminTokenRequest ReadAdminToken(JsonFields body)
    {
        var username = body.RequiredText("username", 1, UserRules.MaxUsernameLength, ParameterReader.Username);
        var type = ReadType(body);
        return new AdminTokenRequest
        {
            Username = username,
            TokenType = type ?? TokenType.User,
            TokenName = ReadName(body, type),
            Scopes = body.Scopes("scopes") ?? ScopeSet.Empty,
            Expires = body.Time("expires"),
            UserData = new UserData
            {
                Name = body.OptionalText("name", 1, check: TokenRules.StoredTextError),
                Email = body.OptionalText("email", 1, check: TokenRules.StoredTextError),
                Uid = body.OptionalPositive("uid"),
                Gid = body.OptionalPositive("gid"),
                Groups = body.Objects("groups", ReadGroup),
            },
        };
    }

    /// <summary>
    /// Reads an edit. If the expiration is null, the token no longer expires; if it is absent, the expiration is not changed.
    /// </summary>
    public static TokenEdit ReadEdit(JsonFields body) => new()
    {
        TokenName = body.OptionalText("token_name", 1, LongestName, TokenRules.TokenNameError),
        Scopes = body.Scopes("scopes", nullable: true),
        Expires = body.Time("expires"),
        NeverExpires = body.Find("expires") is { ValueKind: JsonValueKind.Null },
    };

    /// <summary>Returns the error in the name of a token; null if it is valid.</summary>
    public static string? NameError(string name) => TextValidation.Check(name, 1, LongestName, pattern: null)?.Message
        ?? TokenRules.TokenNameError(name);

    private static TokenType? ReadType(JsonFields body)
    {
        const string name = "token_type";
        if (body.Required(name) is not { } value)
            return null;
        var type = value.ValueKind == JsonValueKind.String ? TokenTypes.TryParse(JsonText.Read(value)) : null;
        if (type is null)
            body.Errors.Add(
                "enum", body.Where(name), $"Input should be {ParameterReader.TokenTypeNames}", value,
                ("expected", ParameterReader.TokenTypeNames));
        else if (type is not (TokenType.User or TokenType.Service))
            body.Errors.Add(
                "value_error", body.Where(name), "Value error, token_type must be service or user", value, ("error", new object()));
        else
            return type;
        return null;
    }

    /// <summary>
    /// Reads the name. User tokens must have a name, and service tokens must not have one. This is not checked if the type is unknown.
    /// </summary>
    private static string? ReadName(JsonFields body, TokenType? type)
    {
        const string field = "token_name";
        var name = body.OptionalText(field, 1, LongestName, TokenRules.TokenNameError);
        var problem = type switch
        {
            TokenType.Service when name is not null => "Tokens of type service cannot have a name",
            TokenType.User when body.Find(field) is null or { ValueKind: JsonValueKind.Null } => "Tokens of type user must have a name",
            _ => null,
        };
        if (problem is not null)
            body.Errors.Add(
                "value_error", body.Where(field), $"Value error, {problem}", body.Find(field) ?? default, ("error", new object()));
        return name;
    }

    private static Group ReadGroup(JsonFields group) => new(
        group.RequiredText("name", 1, int.MaxValue, GroupName, TokenRules.StoredTextError),
        group.Required("id") is { } id ? group.Integer(id, group.Where("id")) : 0);
}
