using System.Security.Cryptography;
using System.Text;

namespace Porthor.Secrets;

/// <summary>
/// A text that must not be shown: a password, a key, a cookie's CSRF value. It prints as <c>***</c> wherever it is
/// formatted by accident; whoever needs the text says so with <see cref="Reveal"/>. Two secrets are equal if their texts are.
/// </summary>
public sealed class Secret(string value) : IEquatable<Secret>
{
    private readonly byte[] bytes = Encoding.UTF8.GetBytes(value);

    public string Reveal() => value;

    /// <summary>Compares in a time that depends on the lengths alone.</summary>
    public bool Matches(string? presented) =>
        presented is not null && CryptographicOperations.FixedTimeEquals(bytes, Encoding.UTF8.GetBytes(presented));

    public bool Equals(Secret? other) => Matches(other?.Reveal());

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => "***";
}
