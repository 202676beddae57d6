using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Porthor.Server.Login.Local;

/// <summary>
/// What is kept of a password: PBKDF2-HMAC-SHA256 as <c>$pbkdf2-sha256$i=ITERATIONS$SALT$HASH</c>, salt and hash in base64
/// without padding. The iterations are the hash's own, so that what was made before they were raised goes on.
/// </summary>
internal sealed class PasswordHash
{
    /// <summary>OWASP's number for PBKDF2-HMAC-SHA256, for new hashes; fewer are not accepted.</summary>
    public const int UsualIterations = 600_000;

    /// <summary>A hash that takes longer would be a way to stop logins.</summary>
    public const int MostIterations = 5_000_000;

    public const string Format = "$pbkdf2-sha256$i=ITERATIONS$SALT$HASH, as 'porthor hash-password' makes it";

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

    /// <summary>What comparing a password with it costs.</summary>
    public int Iterations { get; }

    /// <summary>Names this hash to ourselves: another password, or the same one set again, has another.</summary>
    public string Salt => Unpadded(salt);

    public static PasswordHash Of(string password, int iterations = UsualIterations)
    {
        var itsSalt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(iterations, itsSalt, Derive(OpaquePassword.Normalize(password), itsSalt, iterations));
    }

    /// <summary>One that no password matches, and that costs as much as any other.</summary>
    public static PasswordHash OfNobody(int iterations) =>
        new(iterations, RandomNumberGenerator.GetBytes(SaltBytes), RandomNumberGenerator.GetBytes(HashBytes));

    /// <summary>Reads a hash; null if it is none, with the reason, which shows nothing of it.</summary>
    public static PasswordHash? TryParse(string text, out string problem)
    {
        problem = $"must be {Format}";
        if (text.Split('$') is not ["", Algorithm, ['i', '=', .. var count], var saltText, var hashText]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || TryDecode(saltText) is not { Length: >= SaltBytes and <= MostSaltBytes } itsSalt
            || TryDecode(hashText) is not { Length: HashBytes } itsHash)
            return null;
        if (iterations is < UsualIterations or > MostIterations)
        {
            problem = $"must have from {UsualIterations} to {MostIterations} iterations";
            return null;
        }
        problem = "";
        return new PasswordHash(iterations, itsSalt, itsHash);
    }

    /// <summary>
    /// Returns whether the password, normalized or as it was typed (<see cref="OpaquePassword.Candidates"/>), is the one of the hash. The
    /// comparison of each candidate costs <see cref="Iterations"/>.
    /// </summary>
    public bool Matches(string password)
    {
        var matches = false;
        foreach (var candidate in OpaquePassword.Candidates(password))
            matches |= CryptographicOperations.FixedTimeEquals(hash, Derive(candidate, salt, Iterations));
        return matches;
    }

    /// <summary>Costs what so many iterations cost, and has no other effect.</summary>
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

    /// <summary>Only what <see cref="Unpadded"/> writes: one text for one hash.</summary>
    private static byte[]? TryDecode(string text)
    {
        var bytes = new byte[MostSaltBytes];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out var count) && Unpadded(bytes[..count]) == text
            ? bytes[..count]
            : null;
    }
}
