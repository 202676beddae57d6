using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Porthor.Secrets;
using Porthor.Server.Accounts;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Represents the encrypted cookie of a browser from which a user has logged in. It distinguishes the browser from clients that guess
/// passwords. It grants no access, and is valid until the password of the user changes.
/// </summary>
/// <param name="Nonce">A random id of the browser.</param>
internal sealed record KnownDeviceCookie(string Username, string Salt, string Nonce)
{
    public const string CookieName = "porthor-device";

    /// <summary>The prefix of the text, which distinguishes it from other texts that are encrypted with the same key.</summary>
    private const string Prefix = "device";

    public static KnownDeviceCookie For(LocalUser user) =>
        new(user.Username, user.Password.Salt, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));

    /// <summary>Decrypts a cookie. Returns null if it is invalid.</summary>
    public static KnownDeviceCookie? TryRead(string? cookie, Fernet fernet) =>
        cookie is not null && Ascii.IsValid(cookie) && fernet.TryDecrypt(Encoding.ASCII.GetBytes(cookie), out var bytes)
        && Encoding.ASCII.GetString(bytes).Split(' ') is [Prefix, var username, var salt, var nonce]
            ? new KnownDeviceCookie(username, salt, nonce)
            : null;

    public bool IsFor(LocalUser? user) => user is not null && Username == user.Username && Salt == user.Password.Salt;

    public string Write(Fernet fernet) =>
        Encoding.ASCII.GetString(fernet.Encrypt(Encoding.ASCII.GetBytes($"{Prefix} {Username} {Salt} {Nonce}")));

    public override string ToString() => "***";
}
