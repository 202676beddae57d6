using System.Security.Cryptography;
using System.Text;

namespace Porthor.Secrets;

/// <summary>
/// Represents a text that must not be shown, for example a password, a key or a CSRF value. <see cref="ToString"/> returns <c>***</c>, so
/// that the text is not logged accidentally; <see cref="Reveal"/> returns the text. Two secrets are equal if their texts are equal.
/// </summary>
public sealed class Secret(string value) : IEquatable<Secret>
{
    private readonly byte[] bytes = Encoding.UTF8.GetBytes(value);

    /// <summary>Returns the text.</summary>
    public string Reveal() => value;

    /// <summary>
    /// Returns true if a presented text is equal to the secret. The duration of the comparison depends only on the lengths.
    /// </summary>
    public bool Matches(string? presented) =>
        presented is not null && CryptographicOperations.FixedTimeEquals(bytes, Encoding.UTF8.GetBytes(presented));

    /// <inheritdoc/>
    public bool Equals(Secret? other) => Matches(other?.Reveal());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc/>
    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);

    /// <summary>Returns asterisks.</summary>
    public override string ToString() => "***";
}
