namespace Porthor.Storage;

/// <summary>
/// A record as the record store holds it: its ciphertext, which is ASCII. No two encryptions of a record are alike, so equal
/// ciphertexts mean that nothing was written in between; that is what every compare-and-set compares.
/// </summary>
public readonly struct EncryptedRecord(byte[] ciphertext) : IEquatable<EncryptedRecord>
{
    public byte[] Ciphertext { get; } = ciphertext;

    public bool Equals(EncryptedRecord other) => Ciphertext.AsSpan().SequenceEqual(other.Ciphertext);

    public override bool Equals(object? obj) => obj is EncryptedRecord other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Ciphertext);
        return hash.ToHashCode();
    }

    public override string ToString() => $"sealed record of {Ciphertext.Length} bytes";

    public static bool operator ==(EncryptedRecord left, EncryptedRecord right) => left.Equals(right);

    public static bool operator !=(EncryptedRecord left, EncryptedRecord right) => !left.Equals(right);
}
