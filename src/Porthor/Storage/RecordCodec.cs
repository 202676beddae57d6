using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Storage;

/// <summary>Turns records into what the record store holds, and back (contract/tokens.md 4).</summary>
public sealed class RecordCodec(Fernet fernet, TimeProvider clock)
{
    public EncryptedRecord Seal(TokenRecord record) => new(fernet.Encrypt(RecordJson.Write(record)));

    /// <summary>Decrypts and reads a record.</summary>
    /// <param name="key">Under which key it was found, for the error.</param>
    /// <exception cref="UnreadableRecordException">It was not made with one of our keys, or is no record.</exception>
    public TokenRecord Open(TokenKey key, EncryptedRecord sealedRecord)
    {
        if (!fernet.TryDecrypt(sealedRecord.Ciphertext, out var json))
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

    /// <summary>As <see cref="Open"/>, with null for a record that cannot be read.</summary>
    public TokenRecord? TryOpen(TokenKey key, EncryptedRecord sealedRecord)
    {
        try
        {
            return Open(key, sealedRecord);
        }
        catch (UnreadableRecordException)
        {
            return null;
        }
    }
}

/// <summary>
/// What is stored under a key is no record of ours. Such a token is treated as unknown, and reported, because somebody
/// damaged or replaced it.
/// </summary>
public sealed class UnreadableRecordException(TokenKey key, string detail, Exception? cause = null)
    : Exception($"Cannot deserialize data for key token:{key}", cause)
{
    public TokenKey Key { get; } = key;

    /// <summary>What was wrong; names fields, shows no value.</summary>
    public string Detail { get; } = detail;
}
