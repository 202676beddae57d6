using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>Represents the section <c>oidc</c> or <c>cilogon</c>.</summary>
internal sealed record OidcSettings
{
    public required string ClientId { get; init; }

    public required Secret ClientSecret { get; init; }

    public required string Audience { get; init; }

    public Uri? LoginUrl { get; init; }

    public Uri? TokenUrl { get; init; }

    public Uri? RedirectUrl { get; init; }

    public Uri? EnrollmentUrl { get; init; }

    public required string Issuer { get; init; }

    /// <summary>Gets the scopes that are requested in addition to <c>openid</c>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    public required string UsernameClaim { get; init; }

    /// <summary>
    /// Gets the domain of usernames. The value of <see cref="UsernameClaim"/> must end with <c>@</c> and this domain, and both are removed.
    /// Null if the value of the claim is the username.
    /// </summary>
    public string? UsernameDomain { get; init; }

    /// <summary>
    /// Gets the claim with the name of the user; null if the name is not read from the token. The same applies to the claims below.
    /// </summary>
    public string? NameClaim { get; init; }

    public string? EmailClaim { get; init; }

    public string? UidClaim { get; init; }

    public string? GidClaim { get; init; }

    public string? GroupsClaim { get; init; }

    /// <summary>Gets the accepted signature algorithms of ID tokens.</summary>
    public IReadOnlyList<string> IdTokenAlgorithms { get; init; } = DefaultAlgorithms;

    public IReadOnlyDictionary<string, string> LoginParams { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Gets whether logins use PKCE (RFC 7636) if the provider supports it. It must be off while nodes of the reference handle logins too.
    /// </summary>
    public bool UsesPkce { get; init; } = true;

    private static readonly IReadOnlyList<string> DefaultAlgorithms = ["RS256", "PS256", "ES256"];

    /// <param name="hasDirectory">
    /// True if LDAP is configured. Then only the username and the claims that the settings name are read from the token.
    /// </param>
    public static OidcSettings Read(SettingsSection section, bool hasDirectory)
    {
        var clientId = section.RequiredText("clientId");
        var settings = new OidcSettings
        {
            ClientId = clientId,
            ClientSecret = section.RequiredSecret("clientSecret", "OIDC_CLIENT_SECRET"),
            Audience = section.Text("audience") is { Length: > 0 } audience ? audience : clientId,
            LoginUrl = Required(section, "loginUrl"),
            TokenUrl = Required(section, "tokenUrl"),
            RedirectUrl = Required(section, "redirectUrl", "REDIRECT_URL"),
            EnrollmentUrl = section.HttpUrl("enrollmentUrl"),
            Issuer = ReadIssuer(section),
            Scopes = section.Texts("scopes") ?? [],
            UsernameClaim = section.Text("usernameClaim") ?? "uid",
            LoginParams = section.TextMap("loginParams") ?? new Dictionary<string, string>(),
            UsesPkce = section.Flag("pkce", otherwise: true),
        };
        settings = settings.WithClaims(section, hasDirectory, groupsClaim: "groups");
        section.Finish();
        return settings;
    }

    /// <summary>Reads the settings of CILogon, which is OpenID Connect with fixed values (contract/login.md 4).</summary>
    public static OidcSettings ReadCiLogon(SettingsSection section, bool hasDirectory)
    {
        var clientId = section.RequiredText("clientId");
        var host = section.Flag("test") ? "https://test.cilogon.org" : "https://cilogon.org";
        var settings = new OidcSettings
        {
            ClientId = clientId,
            ClientSecret = section.RequiredSecret("clientSecret", "CILOGON_CLIENT_SECRET"),
            Audience = clientId,
            LoginUrl = new Uri($"{host}/authorize"),
            TokenUrl = new Uri($"{host}/oauth2/token"),
            RedirectUrl = Required(section, "redirectUrl", "REDIRECT_URL"),
            EnrollmentUrl = section.HttpUrl("enrollmentUrl"),
            Issuer = host,
            Scopes = ["email", "org.cilogon.userinfo"],
            UsernameClaim = section.Text("usernameClaim") ?? "username",
            LoginParams = section.TextMap("loginParams") ?? new Dictionary<string, string>(),
            UsesPkce = section.Flag("pkce", otherwise: true),
        };
        settings = settings.WithClaims(section, hasDirectory, groupsClaim: "isMemberOf");
        section.Finish();
        return settings;
    }

    private OidcSettings WithClaims(SettingsSection section, bool hasDirectory, string groupsClaim)
    {
        const string algorithmsKey = "idTokenAlgorithms", domainKey = "usernameDomain";
        var algorithms = section.Texts(algorithmsKey);
        if (algorithms is { Count: 0 })
            section.AddError(algorithmsKey, value: null, "must name at least one algorithm");
        foreach (var unknown in (algorithms ?? []).Except(ProviderKey.Algorithms))
            section.AddError(algorithmsKey, unknown, $"must be one of {string.Join(", ", ProviderKey.Algorithms)}");
        var domain = section.Text(domainKey);
        if (domain is not null && Uri.CheckHostName(domain) != UriHostNameType.Dns)
            section.AddError(domainKey, domain, "must be a domain, without @");
        return this with
        {
            UsernameDomain = domain,
            NameClaim = ClaimName(section, "nameClaim", hasDirectory ? null : "name"),
            EmailClaim = ClaimName(section, "emailClaim", hasDirectory ? null : "email"),
            UidClaim = ClaimName(section, "uidClaim", otherwise: null),
            GidClaim = ClaimName(section, "gidClaim", otherwise: null),
            GroupsClaim = ClaimName(section, "groupsClaim", hasDirectory ? null : groupsClaim),
            IdTokenAlgorithms = algorithms ?? DefaultAlgorithms,
        };
    }

    private static string? ClaimName(SettingsSection section, string key, string? otherwise)
    {
        var name = section.Text(key);
        if (name is "")
            section.AddError(key, name, "must be the name of a claim");
        return name ?? otherwise;
    }

    /// <summary>Reads the issuer as text, because the <c>iss</c> claim of a token must match it exactly.</summary>
    private static string ReadIssuer(SettingsSection section)
    {
        _ = section.HttpUrl("issuer");
        return section.RequiredText("issuer");
    }

    private static Uri? Required(SettingsSection section, string key, string? variable = null)
    {
        _ = section.RequiredText(key, variable);
        return section.HttpUrl(key, variable);
    }
}
