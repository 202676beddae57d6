using System.Globalization;
using System.Text.Json;
using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Server.Values;

namespace Porthor.Server.Login.Oidc;

/// <summary>Reads the data of a user from the claims of a verified ID token.</summary>
internal sealed class ClaimReader(OidcSettings settings)
{
    /// <summary>The largest uid and gid of Linux. The next number means "no user" or "no group".</summary>
    private const long LargestId = uint.MaxValue - 1;

    private const int LongestText = 256;

    private static readonly char[] GroupSeparators = [',', ';', ' ', '\t', '\r', '\n'];

    /// <summary>
    /// Finds a claim by its name. If no claim has this name, the name is a path into nested objects: <c>realm_access.roles</c>. Returns
    /// null if there is no such claim.
    /// </summary>
    private static JsonElement? Find(JsonElement claims, string name)
    {
        if (claims.Member(name) is { } found)
            return found;
        JsonElement? step = claims;
        foreach (var part in name.Split('.'))
            step = step?.Member(part);
        return step;
    }

    /// <summary>Finds a claim as <see cref="Find"/> does; a null value counts as missing.</summary>
    private static JsonElement? FindValue(JsonElement claims, string name) =>
        Find(claims, name) is { ValueKind: not JsonValueKind.Null } value ? value : null;

    /// <summary>Returns the username; null if the claim is missing.</summary>
    /// <exception cref="UnverifiedTokenException">The claim is not a text.</exception>
    /// <exception cref="LoginFailedException">The claim is not a valid username.</exception>
    public string? ReadUsername(JsonElement claims)
    {
        var claim = settings.UsernameClaim;
        if (Find(claims, claim) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw new UnverifiedTokenException(LoginFailure.Shortened($"Invalid {claim} claim in token: {value}"));
        var text = value.GetString()!;
        if (claim == "email" && IsUnverifiedEmail(claims))
            throw LoginFailure.InvalidUsername(LoginFailure.Shortened($"The e-mail address {text} is not verified")).ToException();
        var username = WithoutDomain(text);
        return username is not null && UserRules.IsUsername(username)
            ? username
            : throw LoginFailure.InvalidUsername(LoginFailure.Shortened($"Invalid username in {claim} claim in token: {text}"))
                .ToException();
    }

    /// <summary>Reads the other user data for which the settings name claims.</summary>
    /// <param name="numberless">Receives the names of groups without an id from the provider.</param>
    /// <param name="invalidGroups">Receives the names that are not valid group names.</param>
    /// <exception cref="UnverifiedTokenException">A claim has a value of the wrong kind.</exception>
    public UserData Read(JsonElement claims, out IReadOnlyList<string> numberless, out IReadOnlyList<string> invalidGroups)
    {
        var groups = ReadGroups(claims).DistinctBy(group => group.Name, StringComparer.Ordinal).ToList();
        invalidGroups = [.. groups.Select(group => group.Name).Where(name => !UserRules.IsGroupName(name))];
        groups.RemoveAll(group => !UserRules.IsGroupName(group.Name));
        numberless = [.. groups.Where(group => group.Id is null).Select(group => group.Name)];
        var numbered = groups.Where(group => group.Id is not null).Select(group => new Group(group.Name, group.Id!.Value)).ToList();
        return new UserData
        {
            Name = ReadText(claims, settings.NameClaim),
            Email = IsUnverifiedEmail(claims) ? null : ReadText(claims, settings.EmailClaim),
            Uid = ReadId(claims, settings.UidClaim),
            Gid = ReadId(claims, settings.GidClaim),
            Groups = numbered.Count > 0 ? numbered : null,
        };
    }

    /// <summary>Returns whether the claim <c>email</c> is not verified, according to the provider.</summary>
    private static bool IsUnverifiedEmail(JsonElement claims) => claims.Member("email_verified") is { } verified
        && (verified.ValueKind == JsonValueKind.False || (verified.ValueKind == JsonValueKind.String && verified.ValueEquals("false")));

    /// <summary>
    /// Removes <c>usernameDomain</c> and converts the rest to lower case, because providers ignore case in e-mail addresses. Returns null
    /// if the text has another domain or none.
    /// </summary>
    private string? WithoutDomain(string text)
    {
        if (settings.UsernameDomain is not { } domain)
            return text;
        return text.EndsWith("@" + domain, StringComparison.OrdinalIgnoreCase) ? text[..^(domain.Length + 1)].ToLowerInvariant() : null;
    }

    private static string? ReadText(JsonElement claims, string? claim)
    {
        if (claim is null || FindValue(claims, claim) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.String)
            throw Invalid(claim, value);
        var text = value.GetString()!.Trim();
        return text.Length is 0 or > LongestText || text.Any(char.IsControl) ? null : text;
    }

    private static long? ReadId(JsonElement claims, string? claim)
    {
        if (claim is null || FindValue(claims, claim) is not { } value)
            return null;
        return ParseId(value) ?? throw Invalid(claim, value);
    }

    /// <summary>Reads an id, which is a number or decimal digits. Returns null for everything else.</summary>
    private static long? ParseId(JsonElement value)
    {
        long? id = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetInt64(out var number) => number,
            JsonValueKind.String when long.TryParse(
                value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
            _ => null,
        };
        return id is > 0 and <= LargestId ? id : null;
    }

    /// <summary>Reads a list of names or of objects with <c>name</c> and <c>id</c>, or a text with names.</summary>
    private IEnumerable<(string Name, long? Id)> ReadGroups(JsonElement claims)
    {
        if (settings.GroupsClaim is not { } claim)
            return [];
        if (FindValue(claims, claim) is not { } value)
        {
            // If a user is in too many groups, Entra ID omits the claim and includes the URL of a query instead.
            return claims.Member("_claim_names")?.Member(claim) is null
                ? []
                : throw new UnverifiedTokenException($"The {claim} claim is not in the token, because the user is in too many groups");
        }
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.Split(GroupSeparators, StringSplitOptions.RemoveEmptyEntries)
                .Select(name => (NameOf(name), (long?)null)),
            JsonValueKind.Array => [.. value.EnumerateArray().Select(item => ReadGroup(item) ?? throw Invalid(claim, item))],
            _ => throw Invalid(claim, value),
        };
    }

    private static (string Name, long? Id)? ReadGroup(JsonElement item) => item.ValueKind switch
    {
        JsonValueKind.String => (NameOf(item.GetString()!), null),
        JsonValueKind.Object when item.TextMember("name") is { } name => (NameOf(name), item.Member("id") is { } id ? ParseId(id) : null),
        _ => null,
    };

    /// <summary>
    /// Returns the name of a group. Keycloak writes a top-level group as <c>/staff</c>. A nested group keeps its slashes, so its name is
    /// not valid.
    /// </summary>
    private static string NameOf(string written) => written.StartsWith('/') ? written[1..] : written;

    private static UnverifiedTokenException Invalid(string claim, JsonElement value) =>
        new(LoginFailure.Shortened($"Invalid {claim} claim in token: {value}"));
}
