using Porthor.OpenIdConnect;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>Represents the section <c>oidcServer</c> (contract/oidc-server.md 1).</summary>
internal sealed record OidcServerSettings
{
    /// <summary>The only profile that exists: the answers of the reference.</summary>
    private const string ReferenceProfile = "reference";

    /// <summary>Gets the text at the end of each generated client ID; may be empty.</summary>
    public required string ClientSuffix { get; init; }

    /// <summary>Gets the issuer; null only for commands that need only the stores.</summary>
    public Uri? Issuer { get; init; }

    /// <summary>Gets the private key in PEM; empty only for commands that need only the stores.</summary>
    public required Secret Key { get; init; }

    public required string KeyId { get; init; }

    /// <summary>Gets the clients of older releases of Gafaelfawr.</summary>
    public IReadOnlyList<OldOidcClient> OldClients { get; init; } = [];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> DataRightsMapping { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    public static OidcServerSettings Read(SettingsSection section)
    {
        _ = section.Flag("enabled");
        var issuer = section.HttpUrl("issuer", "OIDC_SERVER_ISSUER");
        if (issuer is null)
            _ = section.RequiredText("issuer", "OIDC_SERVER_ISSUER");
        else if (issuer.Scheme != "https")
            section.AddError("issuer", issuer.OriginalString, "must be an https:// URL");
        var settings = new OidcServerSettings
        {
            ClientSuffix = section.RequiredTextOrEmpty("clientSuffix", "OIDC_SERVER_CLIENT_SUFFIX"),
            Issuer = issuer,
            Key = section.RequiredSecret("key", "OIDC_SERVER_KEY"),
            KeyId = section.Text("keyId") ?? "gafaelfawr",
            OldClients = OldOidcClient.ReadAll(section),
            DataRightsMapping = section.TextListMap("dataRightsMapping") ?? new Dictionary<string, IReadOnlyList<string>>(),
        };
        if (section.Text("profile") is { } profile && profile != ReferenceProfile)
            section.AddError("profile", profile, $"must be {ReferenceProfile}");
        if (settings.Key.Reveal().Length > 0 && SigningKey.FindError(settings.Key) is { } error)
            section.AddError("key", value: null, error);
        section.Finish();
        return settings;
    }
}
