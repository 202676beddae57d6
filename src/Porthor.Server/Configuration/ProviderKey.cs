using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Porthor.Server.Values;

namespace Porthor.Server.Configuration;

/// <summary>Verifies signatures with a key that the provider publishes (RFC 7517, RFC 7518).</summary>
internal static class ProviderKey
{
    private const int ShortestModulus = 2048 / 8;
    private const int LongestModulus = 16384 / 8;

    private static readonly CryptoProviderFactory Crypto = new() { CacheSignatureProviders = false };

    /// <summary>
    /// The algorithms that can be configured. All of them are asymmetric, so that a public key of the provider cannot be used as a secret
    /// to sign tokens.
    /// </summary>
    public static readonly IReadOnlyList<string> Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Returns the reason why the key cannot verify signatures of an algorithm; null if it can.</summary>
    /// <param name="algorithm">One of <see cref="Algorithms"/>.</param>
    public static string? FindError(JsonElement key, string algorithm)
    {
        if (key.Member("alg") is { } stated && !IsText(stated, algorithm))
            return $"had algorithm {stated} not {algorithm}";
        if (key.Member("use") is { } use && !IsText(use, "sig"))
            return "is not for signatures";
        if (key.Member("key_ops") is { } operations
            && !(operations.ValueKind == JsonValueKind.Array && operations.EnumerateArray().Any(operation => IsText(operation, "verify"))))
            return "is not for verifying";
        if (algorithm[0] == 'E')
            return ReadEcKey(key, algorithm) is null ? $"is not an EC key on curve {CurveOf(algorithm).Name}" : null;
        return ReadRsaKey(key) is null ? "is not an RSA key" : null;
    }

    /// <summary>Verifies a signature with a key for which <see cref="FindError"/> returns null.</summary>
    public static bool Verifies(JsonElement key, string algorithm, byte[] signedPart, byte[] signature)
    {
        if (signature.Length == 0)
            return false;
        using var elliptic = algorithm[0] == 'E' ? TryCreate(ReadEcKey(key, algorithm)!.Value) : null;
        SecurityKey? read = algorithm[0] != 'E' ? new RsaSecurityKey(ReadRsaKey(key)!.Value)
                : elliptic is null ? null
                : new ECDsaSecurityKey(elliptic);
        if (read is null)
            return false;
        using var provider = Crypto.CreateForVerifying(read, algorithm);
        try
        {
            return provider.Verify(signedPart, signature);
        }
        catch (CryptographicException)
        {
            // For example, the signature has the wrong length.
            return false;
        }
    }

    private static RSAParameters? ReadRsaKey(JsonElement key)
    {
        var (modulus, exponent) = (Bytes(key, "n"), Bytes(key, "e"));
        return key.TextMember("kty") == "RSA" && modulus is { Length: >= ShortestModulus and <= LongestModulus }
            && exponent is { Length: > 0 and <= 8 }
            ? new RSAParameters { Modulus = modulus, Exponent = exponent }
            : null;
    }

    private static ECParameters? ReadEcKey(JsonElement key, string algorithm)
    {
        var (name, curve, length) = CurveOf(algorithm);
        var (x, y) = (Bytes(key, "x"), Bytes(key, "y"));
        return key.TextMember("kty") == "EC" && key.TextMember("crv") == name && x?.Length == length && y?.Length == length
            ? new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } }
            : null;
    }

    /// <summary>Returns null if the point is not on the curve.</summary>
    private static ECDsa? TryCreate(ECParameters parameters)
    {
        try
        {
            return ECDsa.Create(parameters);
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    private static (string Name, ECCurve Curve, int Length) CurveOf(string algorithm) => algorithm switch
    {
        "ES384" => ("P-384", ECCurve.NamedCurves.nistP384, 48),
        "ES512" => ("P-521", ECCurve.NamedCurves.nistP521, 66),
        _ => ("P-256", ECCurve.NamedCurves.nistP256, 32),
    };

    private static byte[]? Bytes(JsonElement key, string name)
    {
        try
        {
            return key.TextMember(name) is { } text ? Base64Url.DecodeFromChars(text) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsText(JsonElement json, string text) => json.ValueKind == JsonValueKind.String && json.ValueEquals(text);
}
