using System.Security.Cryptography;
using Porthor.Secrets;
using Porthor.Server.Configuration;

namespace Porthor.Browser.Tests.OpenIdConnect;

/// <summary>A registered client.</summary>
internal sealed record Client(string Id, string Secret);

/// <summary>A site with the OpenID Connect provider.</summary>
public sealed class OpenIdConnectSite(Chromium chromium) : Site(chromium)
{
    /// <summary>The issuer, with the trailing slash that the reference adds.</summary>
    public string Issuer => $"{Url}/";

    /// <summary>The address of the provider for programs other than the browser, which cannot resolve its name.</summary>
    public string Address => AddressUrl;

    /// <summary>The certificate that these programs must trust.</summary>
    public string Certificate => File.ReadAllText(CertificatePath);

    internal async Task<Client> RegisterAsync(string returnUri)
    {
        var answer = await Porthor.SendAsync(
            HttpMethod.Post,
            "/auth/api/v1/oidc-clients",
            [Porthor.Bootstrap],
            new { return_uri = returnUri, description = "An application" });
        answer.StatusCode.ShouldBe(201, answer.Body);
        var secret = answer.Json.GetProperty("client_secret").GetString()!;
        return new Client(answer.Json.GetProperty("client_id").GetString()!, secret);
    }

    private protected override PorthorSettings Configure(PorthorSettings settings)
    {
        using var key = RSA.Create(2048);
        return base.Configure(settings) with
        {
            OidcServer = new OidcServerSettings
            {
                Issuer = new Uri(Url),
                Key = new Secret(key.ExportPkcs8PrivateKeyPem()),
                KeyId = "some-kid",
                ClientSuffix = ".example.net",
            },
        };
    }
}
