using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Porthor.Secrets;

namespace Porthor.OpenIdConnect;

/// <summary>Represents the RSA key that signs ID tokens.</summary>
public sealed class SigningKey : IDisposable
{
    /// <summary>The signature algorithm.</summary>
    public const string Algorithm = SecurityAlgorithms.RsaSha256;

    /// <summary>The minimum size in bits. The library for JSON web tokens does not sign with smaller keys.</summary>
    public const int MinimumBits = 2048;

    private readonly RSA rsa;
    private readonly SigningCredentials credentials;
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>Initializes a key.</summary>
    /// <param name="pem">The private key in PEM, not encrypted.</param>
    /// <param name="id">The <c>kid</c> in the key set and in the header of tokens.</param>
    /// <exception cref="ArgumentException">The text is not an RSA private key, or the key is too small.</exception>
    public SigningKey(Secret pem, string id)
    {
        rsa = RSA.Create();
        if (FindError(rsa, pem) is { } error)
        {
            rsa.Dispose();
            throw new ArgumentException(error, nameof(pem));
        }
        Id = id;
        // The default factory would cache this key for the whole process, and use it for an equal key after this one was disposed.
        credentials = new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = id }, Algorithm)
        {
            CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false },
        };
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        Modulus = Published(parameters.Modulus!);
        Exponent = Published(parameters.Exponent!);
    }

    /// <summary>Returns the <c>kid</c>.</summary>
    public string Id { get; }

    /// <summary>Returns the modulus as the key set contains it.</summary>
    public string Modulus { get; }

    /// <summary>Returns the public exponent as the key set contains it.</summary>
    public string Exponent { get; }

    /// <summary>Returns the reason why a text cannot be used as key; null if it can.</summary>
    public static string? FindError(Secret pem)
    {
        using var key = RSA.Create();
        return FindError(key, pem);
    }

    /// <summary>Returns a signed JSON web token.</summary>
    /// <param name="claims">The claims as a JSON object.</param>
    public string Sign(string claims) => handler.CreateToken(claims, credentials);

    /// <inheritdoc/>
    public void Dispose() => rsa.Dispose();

    private static string? FindError(RSA key, Secret pem)
    {
        if (pem.Reveal().Contains("ENCRYPTED", StringComparison.Ordinal))
            return "Key is encrypted; give the private key without a passphrase";
        try
        {
            key.ImportFromPem(pem.Reveal());
            if (key.ExportParameters(includePrivateParameters: true).D is null)
                return "Key is not an RSA private key";
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return "Key is not an RSA private key";
        }
        return key.KeySize < MinimumBits ? $"The RSA key has {key.KeySize} bits; at least {MinimumBits} are needed" : null;
    }

    /// <summary>
    /// Encodes a number as the reference does: with a leading zero byte if its length in bits is a multiple of 8
    /// (contract/oidc-server.md 4).
    /// </summary>
    private static string Published(byte[] number)
    {
        var digits = number.AsSpan().TrimStart((byte)0);
        var isFull = digits.Length > 0 && digits[0] >= 0x80;
        byte[] bytes = isFull ? [0, .. digits] : digits.ToArray();
        return Base64Url.EncodeToString(bytes);
    }
}
