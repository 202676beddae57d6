using System.Text.Json;
using Porthor.History;
using Porthor.Identity;
using Porthor.Quotas;
using Porthor.Tokens;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Writes tokens, changes and users as JSON with the fields and the order of the contract (contract/api.md 5).</summary>
internal static class TokenJson
{
    public static void Write(Utf8JsonWriter writer, TokenInfo token)
    {
        writer.WriteStartObject();
        writer.WriteString("username", token.Username);
        writer.WriteString("token_type", token.TokenType.ToText());
        WriteIfSet(writer, "service", token.Service);
        WriteScopes(writer, "scopes", token.Scopes);
        writer.WriteNumber("created", token.Created.ToUnixTimeSeconds());
        WriteIfSet(writer, "expires", token.Expires);
        writer.WriteString("token", token.Token.Value);
        WriteIfSet(writer, "token_name", token.TokenName);
        WriteIfSet(writer, "last_used", token.LastUsed);
        WriteIfSet(writer, "parent", token.Parent?.Value);
        writer.WriteEndObject();
    }

    /// <summary>
    /// Writes a change. The fields for expiration and address are present even if they are null. The same applies to the old expiration if
    /// the token expires or did expire.
    /// </summary>
    public static void Write(Utf8JsonWriter writer, TokenChange change)
    {
        writer.WriteStartObject();
        writer.WriteString("token", change.Token.Value);
        writer.WriteString("username", change.Username);
        writer.WriteString("token_type", change.TokenType.ToText());
        WriteIfSet(writer, "token_name", change.TokenName);
        WriteIfSet(writer, "parent", change.Parent?.Value);
        WriteScopes(writer, "scopes", change.Scopes);
        WriteIfSet(writer, "service", change.Service);
        WriteOrNull(writer, "expires", change.Expires);
        writer.WriteString("actor", change.Actor);
        writer.WriteString("action", change.Action.ToText());
        if (change.Action == ChangeAction.Edit)
        {
            WriteIfSet(writer, "old_token_name", change.OldTokenName);
            if (change.OldScopes is { } oldScopes)
                WriteScopes(writer, "old_scopes", oldScopes);
            if ((change.OldExpires ?? change.Expires) is not null)
                WriteOrNull(writer, "old_expires", change.OldExpires);
        }
        writer.WriteString("ip_address", change.IpAddress?.ToString());
        writer.WriteNumber("event_time", change.EventTime.ToUnixTimeSeconds());
        writer.WriteEndObject();
    }

    /// <summary>Writes a usage event. The field for the address is present even if it is null, as in changes.</summary>
    public static void Write(Utf8JsonWriter writer, TokenUsage use)
    {
        writer.WriteStartObject();
        writer.WriteString("token", use.Token.Value);
        writer.WriteString("username", use.Username);
        writer.WriteString("token_type", use.TokenType.ToText());
        WriteIfSet(writer, "token_name", use.TokenName);
        WriteIfSet(writer, "parent", use.Parent?.Value);
        WriteScopes(writer, "scopes", use.Scopes);
        WriteIfSet(writer, "service", use.Service);
        writer.WriteString("ip_address", use.IpAddress?.ToString());
        writer.WriteNumber("event_time", use.EventTime.ToUnixTimeSeconds());
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, UserInfo user)
    {
        writer.WriteStartObject();
        writer.WriteString("username", user.Username);
        WriteIfSet(writer, "name", user.Name);
        WriteIfSet(writer, "email", user.Email);
        WriteIfSet(writer, "uid", user.Uid);
        WriteIfSet(writer, "gid", user.Gid);
        GroupJson.Write(writer, "groups", user.Groups);
        if (user.Quota is { } quota)
        {
            writer.WritePropertyName("quota");
            QuotaJson.Write(writer, quota, QuotaFields.WithoutNulls);
        }
        writer.WriteEndObject();
    }

    public static void WriteScopes(Utf8JsonWriter writer, string name, ScopeSet scopes)
    {
        writer.WriteStartArray(name);
        foreach (var scope in scopes.Names)
            writer.WriteStringValue(scope);
        writer.WriteEndArray();
    }

    private static void WriteIfSet(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    private static void WriteIfSet(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
            writer.WriteNumber(name, number);
    }

    private static void WriteIfSet(Utf8JsonWriter writer, string name, DateTimeOffset? value) =>
        WriteIfSet(writer, name, value?.ToUnixTimeSeconds());

    private static void WriteOrNull(Utf8JsonWriter writer, string name, DateTimeOffset? value)
    {
        if (value is { } time)
            writer.WriteNumber(name, time.ToUnixTimeSeconds());
        else
            writer.WriteNull(name);
    }
}
