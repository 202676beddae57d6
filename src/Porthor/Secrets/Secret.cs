using System.Security.Cryptography;
using System.Text;

namespace Porthor.Secrets;

/// <summary>
/// A text that must not be shown: a password, a key, a cookie's CSRF value. It prints as <c>***</c> wherever it is
/// formatted by accident; whoever needs the text says so with <see cref="Reveal"/>.
/// </summary>
public sealed class Secret(string value)
{
    private readonly byte[] bytes = Encoding.UTF8.GetBytes(value);

    public string Reveal() => value;

    /// <summary>Compares in a time that depends on the lengths alone.</summary>
    public bool Matches(string? presented) =>
        presented is not null && CryptographicOperations.FixedTimeEquals(bytes, Encoding.UTF8.GetBytes(presented));

    public override string ToString() => "***";
}
