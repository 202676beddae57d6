using Porthor.Secrets;

namespace Porthor.Server.Configuration;

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

    /// <summary>Asked for beside <c>openid</c>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    public required string UsernameClaim { get; init; }

    public IReadOnlyDictionary<string, string> LoginParams { get; init; } = new Dictionary<string, string>();

    /// <summary>Bind codes to a secret of ours, where the provider can (RFC 7636). Off while reference nodes answer logins beside us.</summary>
    public bool UsesPkce { get; init; } = true;

    public static OidcSettings Read(SettingsSection section)
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
        section.Finish();
        return settings;
    }

    /// <summary>CILogon is OpenID Connect with fixed values (contract/login.md 4).</summary>
    public static OidcSettings ReadCiLogon(SettingsSection section)
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
        section.Finish();
        return settings;
    }

    /// <summary>As it is written: tokens must name it letter by letter.</summary>
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
