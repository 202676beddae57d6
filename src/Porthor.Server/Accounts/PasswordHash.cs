using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Porthor.Server.Accounts;

/// <summary>
/// Represents the hash of a password: PBKDF2-HMAC-SHA256 as <c>$pbkdf2-sha256$i=ITERATIONS$SALT$HASH</c>, salt and hash in Base64 without
/// padding. Each hash contains its number of iterations, so older hashes stay valid when the number for new hashes is increased.
/// </summary>
internal sealed class PasswordHash
{
    /// <summary>
    /// The number of iterations of new hashes, as OWASP recommends for PBKDF2-HMAC-SHA256. Hashes with fewer are not accepted.
    /// </summary>
    public const int DefaultIterations = 600_000;

    /// <summary>The maximum number of iterations. A more expensive hash could block logins.</summary>
    public const int MostIterations = 5_000_000;

    public const string Format = "$pbkdf2-sha256$i=ITERATIONS$SALT$HASH, as 'porthor hash-password' prints it";

    private const string Algorithm = "pbkdf2-sha256";
    private const int SaltBytes = 16;
    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int MostSaltBytes = 64;

    private readonly byte[] salt;
    private readonly byte[] hash;

    private PasswordHash(int iterations, byte[] salt, byte[] hash)
    {
        Iterations = iterations;
        this.salt = salt;
        this.hash = hash;
    }

    /// <summary>Gets the number of iterations, which is the cost of a comparison.</summary>
    public int Iterations { get; }

    /// <summary>Gets the salt. It identifies this hash, because each new hash has a new salt.</summary>
    public string Salt => Unpadded(salt);

    public static PasswordHash Of(string password, int iterations = DefaultIterations)
    {
        var newSalt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(iterations, newSalt, Derive(OpaquePassword.Normalize(password), newSalt, iterations));
    }

    /// <summary>Creates a hash that no password matches.</summary>
    public static PasswordHash OfNobody(int iterations) =>
        new(iterations, RandomNumberGenerator.GetBytes(SaltBytes), RandomNumberGenerator.GetBytes(HashBytes));

    /// <summary>Parses a hash. Returns null and the reason if it is invalid. The reason does not contain the text.</summary>
    public static PasswordHash? TryParse(string text, out string problem)
    {
        problem = $"must be {Format}";
        if (text.Split('$') is not ["", Algorithm, ['i', '=', .. var count], var saltText, var hashText]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || TryDecode(saltText) is not { Length: >= SaltBytes and <= MostSaltBytes } parsedSalt
            || TryDecode(hashText) is not { Length: HashBytes } parsedHash)
            return null;
        if (iterations is < DefaultIterations or > MostIterations)
        {
            problem = $"must have from {DefaultIterations} to {MostIterations} iterations";
            return null;
        }
        problem = "";
        return new PasswordHash(iterations, parsedSalt, parsedHash);
    }

    /// <summary>
    /// Returns whether the password matches the hash, either normalized or as typed (<see cref="OpaquePassword.Candidates"/>). The
    /// comparison of each candidate costs <see cref="Iterations"/>.
    /// </summary>
    public bool Matches(string password)
    {
        var matches = false;
        foreach (var candidate in OpaquePassword.Candidates(password))
            matches |= CryptographicOperations.FixedTimeEquals(hash, Derive(candidate, salt, Iterations));
        return matches;
    }

    /// <summary>
    /// Spends the time of this number of iterations, so that the response time does not reveal whether a user exists. The result is not
    /// used.
    /// </summary>
    public static void Spend(int iterations)
    {
        if (iterations > 0)
            Derive("", new byte[SaltBytes], iterations);
    }

    public string Reveal() => string.Create(CultureInfo.InvariantCulture, $"${Algorithm}$i={Iterations}${Unpadded(salt)}${Unpadded(hash)}");

    public override string ToString() => "***";

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, HashBytes);

    private static string Unpadded(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    /// <summary>Decodes only the form that <see cref="Unpadded"/> writes, so that each hash has exactly one text.</summary>
    private static byte[]? TryDecode(string text)
    {
        var bytes = new byte[MostSaltBytes];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out var count)
            && Unpadded(bytes[..count]) == text
            ? bytes[..count]
            : null;
    }
}
