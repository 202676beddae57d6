using System.Buffers;
using System.Text;
using System.Text.Json;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.OpenIdConnect;

/// <summary>
/// Determines the claims about a user, and those of ID tokens (contract/oidc-server.md 8). Claims without a value are omitted.
/// </summary>
public static class IdTokenClaims
{
    private static readonly Dictionary<string, string[]> ByScope = new(StringComparer.Ordinal)
    {
        [OpenIdScopes.OpenId] = ["aud", "iat", "iss", "exp", "jti", "nonce", "scope", "sub"],
        [OpenIdScopes.Profile] = ["name", "preferred_username"],
        [OpenIdScopes.Email] = ["email"],
        [OpenIdScopes.Rubin] = ["data_rights"],
    };

    /// <summary>Returns the claims about a user, in the order of the reference.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> OfUser(UserInfo user, OpenIdOptions options)
    {
        List<KeyValuePair<string, string>> claims = [];
        Add("data_rights", DataRights(user, options));
        Add("email", user.Email);
        Add("name", user.Name);
        Add("preferred_username", user.Username);
        Add("sub", user.Username);
        return claims;

        void Add(string name, string? value)
        {
            if (value is not null)
                claims.Add(KeyValuePair.Create(name, value));
        }
    }

    /// <summary>Returns the claims of an ID token as a JSON object.</summary>
    /// <param name="authorization">The authorization, whose scopes select the claims.</param>
    /// <param name="user">The claims about the user.</param>
    /// <param name="issuer">The issuer.</param>
    /// <param name="issued">The time of issuance.</param>
    /// <param name="expires">The expiration.</param>
    internal static string Write(
        StoredAuthorization authorization, IReadOnlyList<KeyValuePair<string, string>> user, string issuer, DateTimeOffset issued,
        DateTimeOffset expires)
    {
        var wanted = authorization.Scopes.SelectMany(scope => ByScope[scope]).ToHashSet(StringComparer.Ordinal);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact))
        {
            writer.WriteStartObject();
            WriteText("aud", authorization.ClientId);
            WriteTime("iat", issued);
            WriteText("iss", issuer);
            WriteTime("exp", expires);
            WriteText("jti", authorization.Code.Key);
            WriteText("nonce", authorization.Nonce);
            WriteText("scope", string.Join(' ', authorization.Scopes));
            foreach (var (name, value) in user)
                WriteText(name, value);
            writer.WriteEndObject();

            void WriteText(string name, string? value)
            {
                if (value is not null && wanted.Contains(name))
                    writer.WriteString(name, value);
            }

            void WriteTime(string name, DateTimeOffset value)
            {
                if (wanted.Contains(name))
                    writer.WriteNumber(name, value.ToUnixTimeSeconds());
            }
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string? DataRights(UserInfo user, OpenIdOptions options)
    {
        var rights = user.Groups.SelectMany(group => options.DataRights.GetValueOrDefault(group.Name, []))
            .Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance).ToList();
        return rights.Count == 0 ? null : string.Join(' ', rights);
    }
}
