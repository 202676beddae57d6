using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Porthor.Secrets;

namespace Porthor.Server.Login.Local;

/// <summary>
/// What a browser keeps from a login, so that it is told apart from strangers who try the same user's name: an encrypted
/// cookie of its own. It proves no more than that, and no longer than the password stays as it is.
/// </summary>
/// <param name="Nonce">The browser's own name.</param>
internal sealed record KnownDeviceCookie(string Username, string Salt, string Nonce)
{
    public const string CookieName = "porthor-device";

    /// <summary>What else is encrypted with the same key begins otherwise.</summary>
    private const string Prefix = "device";

    public static KnownDeviceCookie For(LocalUser user) =>
        new(user.Username, user.Password.Salt, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));

    /// <summary>Null if the cookie is none of ours.</summary>
    public static KnownDeviceCookie? TryRead(string? cookie, Fernet fernet) =>
        cookie is not null && Ascii.IsValid(cookie) && fernet.TryDecrypt(Encoding.ASCII.GetBytes(cookie), out var bytes)
        && Encoding.ASCII.GetString(bytes).Split(' ') is [Prefix, var username, var salt, var nonce]
            ? new KnownDeviceCookie(username, salt, nonce)
            : null;

    public bool IsFor(LocalUser? user) => user is not null && Username == user.Username && Salt == user.Password.Salt;

    public string Write(Fernet fernet) => Encoding.ASCII.GetString(fernet.Encrypt(Encoding.ASCII.GetBytes($"{Prefix} {Username} {Salt} {Nonce}")));

    public override string ToString() => "***";
}
