namespace Porthor.Storage;

/// <summary>
/// Represents an encrypted record as it is stored: its ciphertext, in ASCII. Two encryptions of the same record differ. Equal ciphertexts
/// therefore mean that the record was not written in between; each compare-and-set operation relies on this.
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
    /// Returns the length of the ciphertext. The ciphertext itself is not included, so that it does not appear in logs.
    /// </summary>
    public override string ToString() => $"encrypted record of {Ciphertext.Length} bytes";

    /// <summary>Returns true if the ciphertexts are equal.</summary>
    public static bool operator ==(EncryptedRecord left, EncryptedRecord right) => left.Equals(right);

    /// <summary>Returns true if the ciphertexts differ.</summary>
    public static bool operator !=(EncryptedRecord left, EncryptedRecord right) => !left.Equals(right);
}
