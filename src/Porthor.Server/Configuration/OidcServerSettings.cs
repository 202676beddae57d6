using System.Security.Cryptography;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

internal sealed record OidcServerSettings
{
    public required string ClientSuffix { get; init; }

    public Uri? Issuer { get; init; }

    public required Secret Key { get; init; }

    public required string KeyId { get; init; }

    /// <summary>Gets the clients that older releases stored in a secret; <c>update-schema</c> copies them into the database.</summary>
    public Secret? OldClients { get; init; }

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
            ClientSuffix = section.RequiredText("clientSuffix", "OIDC_SERVER_CLIENT_SUFFIX"),
            Issuer = issuer,
            Key = section.RequiredSecret("key", "OIDC_SERVER_KEY"),
            KeyId = section.Text("keyId") ?? "gafaelfawr",
            OldClients = section.Secret("clients", "OIDC_SERVER_CLIENTS"),
            DataRightsMapping = section.TextListMap("dataRightsMapping") ?? new Dictionary<string, IReadOnlyList<string>>(),
        };
        if (settings.Key.Reveal().Length > 0 && !IsRsaPrivateKey(settings.Key))
            section.AddError("key", value: null, "Key is not an RSA private key");
        section.Finish();
        return settings;
    }

    private static bool IsRsaPrivateKey(Secret pem)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(pem.Reveal());
            return key.ExportParameters(includePrivateParameters: true).D is not null;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return false;
        }
    }
}
