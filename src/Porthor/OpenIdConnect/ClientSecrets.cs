using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using BitFaster.Caching.Lru;
using Porthor.Secrets;
using Porthor.Storage;

namespace Porthor.OpenIdConnect;

/// <summary>Represents the result of the check of a client secret.</summary>
public enum SecretCheck
{
    /// <summary>The secret is correct.</summary>
    Correct,

    /// <summary>The secret is wrong.</summary>
    Wrong,

    /// <summary>Too many other secrets are being checked. The result is not known.</summary>
    Busy,
}

/// <summary>
/// Creates, hashes and checks client secrets. A comparison with bcrypt, the hash of the reference, needs about 0.3 s of CPU time. It is
/// made only until the secret of a client is known: after that, a keyed hash in memory decides, also about wrong secrets. At most a quarter
/// of the processors makes comparisons, and each address has at most two at once, so that one address cannot occupy the queue.
/// </summary>
public sealed class ClientSecrets : IDisposable
{
    /// <summary>The longest secret in bytes. Bcrypt ignores further bytes.</summary>
    public const int MaxBytes = 72;

    private const int BcryptCost = 12;
    private const int RandomBytes = 32;
    private const int CachedClients = 1000;
    private const int MaxWaiting = 16;
    private const int MaxPerAddress = 2;

    private readonly byte[] cacheKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentLru<string, KnownSecret> known = new(CachedClients);
    private readonly ConcurrentDictionary<IPAddress, int> addresses = new();
    private readonly SemaphoreSlim slots = new(Math.Max(1, Environment.ProcessorCount / 4));
    private int waiting;

    /// <summary>Creates a secret of 256 random bits.</summary>
    public static Secret Create() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)));

    /// <summary>Returns the bcrypt hash of a secret, as ASCII text. It needs about 0.3 s of CPU time.</summary>
    /// <exception cref="ArgumentException">The secret is longer than <see cref="MaxBytes"/>.</exception>
    public static byte[] Hash(Secret secret)
    {
        var text = secret.Reveal();
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            throw new ArgumentException($"A client secret can have at most {MaxBytes} bytes.", nameof(secret));
        return Encoding.ASCII.GetBytes(BCrypt.Net.BCrypt.HashPassword(text, BCrypt.Net.BCrypt.GenerateSalt(BcryptCost, 'b')));
    }

    /// <summary>Stores the secret of a new client in memory, so that this node needs no comparison with bcrypt.</summary>
    public void Remember(OidcClient client, Secret secret) =>
        known.AddOrUpdate(client.ClientId, new KnownSecret(client.SecretHash, KeyedHash(secret)));

    /// <summary>Checks the secret of a client. The comparisons do not depend on the position of the first difference.</summary>
    /// <param name="client">The client.</param>
    /// <param name="presented">The secret that was presented.</param>
    /// <param name="address">The address of the requester; null if it is not known.</param>
    /// <param name="cancellationToken">Ends the wait for a free slot.</param>
    public async Task<SecretCheck> CheckAsync(OidcClient client, Secret presented, IPAddress? address, CancellationToken cancellationToken)
    {
        var text = presented.Reveal();
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes || text.Contains('\0', StringComparison.Ordinal))
            return SecretCheck.Wrong;
        // The hash in the row belongs to one secret, so that a different secret is wrong.
        if (known.TryGet(client.ClientId, out var cached) && cached.BelongsTo(client))
            return CryptographicOperations.FixedTimeEquals(cached.Hash, KeyedHash(presented)) ? SecretCheck.Correct : SecretCheck.Wrong;
        var place = address ?? IPAddress.None;
        if (addresses.AddOrUpdate(place, 1, (_, count) => count + 1) > MaxPerAddress)
        {
            Leave(place);
            return SecretCheck.Busy;
        }
        try
        {
            return await CompareAsync(client, presented, cancellationToken);
        }
        finally
        {
            Leave(place);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => slots.Dispose();

    private async Task<SecretCheck> CompareAsync(OidcClient client, Secret presented, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref waiting);
            return SecretCheck.Busy;
        }
        try
        {
            await slots.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
        try
        {
            if (!await Task.Run(() => Matches(client.SecretHash, presented), CancellationToken.None))
                return SecretCheck.Wrong;
            Remember(client, presented);
            return SecretCheck.Correct;
        }
        finally
        {
            slots.Release();
        }
    }

    private static bool Matches(byte[] hash, Secret presented)
    {
        try
        {
            return BCrypt.Net.BCrypt.Verify(presented.Reveal(), Encoding.ASCII.GetString(hash));
        }
        catch (Exception e) when (e is ArgumentException or BCrypt.Net.SaltParseException or BCrypt.Net.HashInformationException)
        {
            return false; // The row does not contain a hash.
        }
    }

    private void Leave(IPAddress address)
    {
        if (addresses.AddOrUpdate(address, 0, (_, count) => count - 1) <= 0)
            addresses.TryRemove(KeyValuePair.Create(address, 0));
    }

    private byte[] KeyedHash(Secret secret) => HMACSHA256.HashData(cacheKey, Encoding.UTF8.GetBytes(secret.Reveal()));

    private sealed record KnownSecret(byte[] RowHash, byte[] Hash)
    {
        public bool BelongsTo(OidcClient client) => RowHash.AsSpan().SequenceEqual(client.SecretHash);
    }
}
