using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>Encrypts and decrypts records (contract/tokens.md 4).</summary>
public sealed class RecordCodec(Fernet fernet, TimeProvider clock)
{
    /// <summary>Encrypts a record with the first key.</summary>
    public EncryptedRecord Encrypt(TokenRecord record) => new(fernet.Encrypt(RecordJson.Write(record)));

    /// <summary>Decrypts and parses a record.</summary>
    /// <param name="key">The key under which the record is stored, for the error message.</param>
    /// <param name="encryptedRecord">The encrypted record.</param>
    /// <exception cref="UnreadableRecordException">
    /// The record was not encrypted with one of the configured keys, or cannot be parsed.
    /// </exception>
    public TokenRecord Decrypt(TokenKey key, EncryptedRecord encryptedRecord)
    {
        if (!fernet.TryDecrypt(encryptedRecord.Ciphertext, out var json))
            throw new UnreadableRecordException(key, "InvalidToken: ");
        try
        {
            return RecordJson.Read(json, clock.GetUtcNow());
        }
        catch (FormatException e)
        {
            throw new UnreadableRecordException(key, $"ValidationError: {e.Message}", e);
        }
    }

    /// <summary>Decrypts and parses a record. Returns null if it cannot be read.</summary>
    public TokenRecord? TryDecrypt(TokenKey key, EncryptedRecord encryptedRecord)
    {
        try
        {
            return Decrypt(key, encryptedRecord);
        }
        catch (UnreadableRecordException)
        {
            return null;
        }
    }
}

/// <summary>
/// The exception that is thrown if a stored value is not a valid record. The token is treated as unknown, and the operator is informed,
/// because the record was damaged or replaced.
/// </summary>
public sealed class UnreadableRecordException(TokenKey key, string detail, Exception? cause = null)
    : Exception($"Cannot deserialize data for key token:{key}", cause)
{
    /// <summary>Returns the key under which the value is stored.</summary>
    public TokenKey Key { get; } = key;

    /// <summary>Returns the reason. It contains the names of fields, but no values.</summary>
    public string Detail { get; } = detail;
}
