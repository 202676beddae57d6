namespace Porthor.Storage;

/// <summary>
/// Represents an encrypted record as it is stored: its ciphertext, in ASCII. Each encryption of the same record has a different ciphertext.
/// If two reads return the same ciphertext, the record was therefore not written between them; each compare-and-set operation depends on
/// this.
/// </summary>
public readonly struct EncryptedRecord(byte[] ciphertext) : IEquatable<EncryptedRecord>
{
    /// <summary>Returns the ciphertext, which must not be changed.</summary>
    public byte[] Ciphertext { get; } = ciphertext;

    /// <inheritdoc/>
    public bool Equals(EncryptedRecord other) => Ciphertext.AsSpan().SequenceEqual(other.Ciphertext);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EncryptedRecord other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Ciphertext);
        return hash.ToHashCode();
    }

    /// <summary>
    /// Returns a text with the length of the ciphertext, but without the ciphertext, so that it does not appear in logs.
    /// </summary>
    public override string ToString() => $"encrypted record of {Ciphertext.Length} bytes";

    /// <summary>Returns true if the ciphertexts are equal.</summary>
    public static bool operator ==(EncryptedRecord left, EncryptedRecord right) => left.Equals(right);

    /// <summary>Returns true if the ciphertexts differ.</summary>
    public static bool operator !=(EncryptedRecord left, EncryptedRecord right) => !left.Equals(right);
}
