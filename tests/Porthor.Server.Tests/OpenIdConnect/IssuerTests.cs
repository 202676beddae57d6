using System.Security.Cryptography;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary>The settings of the provider: issuers from the file to the ID token, and keys (contract/oidc-server.md 1, O23).</summary>
public sealed class IssuerTests
{
    private const string Ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIGLkb/42gFH3fluQuty98uZBzY4zzq9hYFomblbZy8qD
        -----END PRIVATE KEY-----
        """;

    [Theory]
    [InlineData("https://h", "https://h/", "https://h")]
    [InlineData("https://h/", "https://h/", "https://h")]
    [InlineData("https://H.Example.com:8443", "https://h.example.com:8443/", "https://h.example.com:8443")]
    [InlineData("https://h/some/path", "https://h/some/path", "https://h/some/path")]
    [InlineData("https://h/some/path//", "https://h/some/path//", "https://h/some/path")]
    public async Task An_issuer_is_published_as_a_URL(string configured, string issuer, string baseUrl)
    {
        var settings = Load(Yaml($"issuer: '{configured}'"), ("PORTHOR_OIDC_SERVER_KEY", OpenIdServers.Provider.Key.Reveal()));
        await using var server = await ApiServer.StartAsync(Mode.Embedded, other => other with { OidcServer = settings.OidcServer });
        var discovery = (await server.SendAsync(HttpMethod.Get, "/.well-known/openid-configuration")).Json;
        discovery.GetProperty("issuer").GetString().ShouldBe(issuer);
        discovery.GetProperty("authorization_endpoint").GetString().ShouldBe(baseUrl + LoginPath);
        discovery.GetProperty("token_endpoint").GetString().ShouldBe(baseUrl + TokenPath);
        discovery.GetProperty("userinfo_endpoint").GetString().ShouldBe(baseUrl + UserInfoPath);
        discovery.GetProperty("jwks_uri").GetString().ShouldBe(baseUrl + "/.well-known/jwks.json");
        var client = await server.RegisterAsync();
        var answer = await server.RedeemAsync(FormOf(client, await server.CodeAsync(await server.AnnAsync(), client)));
        Verified(answer.Json.GetProperty("id_token").GetString()!).Claims.GetProperty("iss").GetString().ShouldBe(issuer);
    }

    [Theory]
    [InlineData(2083, false)]
    [InlineData(2084, true)]
    public void The_length_of_an_issuer_is_limited(int length, bool isRefused)
    {
        var yaml = Yaml($"issuer: '{"https://h/".PadRight(length, 'x')}'");
        var key = ("PORTHOR_OIDC_SERVER_KEY", OpenIdServers.Provider.Key.Reveal());
        if (isRefused)
            Errors(yaml, key).ShouldHaveSingleItem().ShouldEndWith("must be an http:// or https:// URL with a host");
        else
            Load(yaml, key).OidcServer!.Issuer!.AbsoluteUri.Length.ShouldBe(length);
    }

    /// <summary>O23: keys that cannot sign ID tokens.</summary>
    [Fact]
    public void Only_an_unencrypted_RSA_key_of_2048_bits_is_accepted()
    {
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var small = RSA.Create(1024);
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        const string other = "Key is not an RSA private key";
        const string encrypted = "Key is encrypted; give the private key without a passphrase";
        foreach (var (pem, error) in new[]
        {
            (Ed25519, other),
            (elliptic.ExportPkcs8PrivateKeyPem(), other),
            (OpenIdServers.Key.ExportSubjectPublicKeyInfoPem(), other),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", other),
            (OpenIdServers.Key.ExportEncryptedPkcs8PrivateKeyPem("secret", encryption), encrypted),
            ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----", encrypted),
            (small.ExportPkcs8PrivateKeyPem(), "The RSA key has 1024 bits; at least 2048 are needed"),
        })
            Errors(Yaml("issuer: 'https://h'"), ("PORTHOR_OIDC_SERVER_KEY", pem)).ShouldBe([$"oidcServer.key: {error}"]);
        // The older form of an RSA key.
        var pkcs1 = OpenIdServers.Key.ExportRSAPrivateKeyPem();
        Load(Yaml("issuer: 'https://h'"), ("PORTHOR_OIDC_SERVER_KEY", pkcs1)).OidcServer.ShouldNotBeNull();
    }

    private static string Yaml(string line) => $"oidcServer:\n  enabled: true\n  clientSuffix: ''\n  {line}\n";
}
