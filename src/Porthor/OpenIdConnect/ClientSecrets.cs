using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using BitFaster.Caching.Lru;
using Porthor.Concurrency;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Values;

namespace Porthor.OpenIdConnect;

/// <summary>Represents the result of the check of a client secret.</summary>
public enum SecretCheckResult
{
    /// <summary>The secret is correct.</summary>
    Correct,

    /// <summary>The secret is wrong.</summary>
    Wrong,

    /// <summary>Too many other secrets are being checked. The result is not known.</summary>
    Busy,

    /// <summary>There were too many wrong secrets. The secret was not compared.</summary>
    TooManyFailures,
}

/// <summary>Represents the check of a client secret.</summary>
/// <param name="Result">The result.</param>
/// <param name="RetryAfter">The time after which another attempt is allowed; zero unless there were too many failures.</param>
public readonly record struct SecretCheck(SecretCheckResult Result, TimeSpan RetryAfter = default);

/// <summary>
/// Creates, hashes and checks client secrets. A comparison with bcrypt, the hash of the reference, needs about 0.3 s of CPU time. It is
/// made only until the secret of a client is known: after that, a keyed hash in memory decides, also about wrong secrets.
/// </summary>
/// <remarks>
/// At most a quarter of the processors compares with bcrypt. Requests with the same secret share one comparison. Requests that present an
/// existing code of the client are served first and are counted per code; other requests are limited and counted per network, so that
/// requests without a code cannot prevent the logins of a client (decision 43).
/// </remarks>
public sealed partial class ClientSecrets(TimeProvider clock)
{
    /// <summary>The longest secret in bytes. Bcrypt ignores further bytes.</summary>
    public const int MaxBytes = 72;

    private const int BcryptCost = 12;
    private const int RandomBytes = 32;
    private const int CachedClients = 1000;
    private const int MaxPerNetwork = 2;

    private readonly byte[] cacheKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentLru<string, KnownSecret> known = new(CachedClients);
    private readonly ConcurrentDictionary<string, int> networks = new(StringComparer.Ordinal);
    private readonly SingleFlight<(string ClientId, string Hashes, bool HasCode), SecretCheckResult> comparisons = new();
    private readonly ComparisonQueue queue = new(Math.Max(1, Environment.ProcessorCount / 4));
    private readonly SecretFailures failures = new(clock);

    /// <summary>Compares a stored hash with a secret. Tests replace it.</summary>
    internal Func<byte[], Secret, bool> Compare { get; init; } = Matches;

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
    /// <param name="findCodeAsync">
    /// Returns the key of the presented code if it is an existing code of this client; null if it is not. It is called at most once, and
    /// not if the secret is known and there were few failures.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for the result.</param>
    public async Task<SecretCheck> CheckAsync(
        OidcClient client, Secret presented, IPAddress? address, Func<Task<string?>> findCodeAsync, CancellationToken cancellationToken)
    {
        var text = presented.Reveal();
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes || text.Contains('\0', StringComparison.Ordinal))
            return new SecretCheck(SecretCheckResult.Wrong);
        // One customer can have all addresses of the shortest prefix.
        var network = ClientNetwork.PrefixesOf(address)[^1];
        var (source, code) = (network, (string?)null);
        var cached = CompareWithKnown(client, presented);
        if (cached is null || failures.WaitFor(client.ClientId, source) > TimeSpan.Zero)
        {
            code = await findCodeAsync();
            source = code ?? network;
            if (failures.WaitFor(client.ClientId, source) is var wait && wait > TimeSpan.Zero)
                return new SecretCheck(SecretCheckResult.TooManyFailures, wait);
        }
        var result = cached ?? await CompareAsync(client, presented, code is null ? network : null, cancellationToken);
        if (result == SecretCheckResult.Wrong)
            failures.Add(client.ClientId, source);
        return new SecretCheck(result);
    }

    /// <summary>Compares with the known secret of a client. Returns null if it is not known.</summary>
    private SecretCheckResult? CompareWithKnown(OidcClient client, Secret presented)
    {
        // The hash in the row belongs to one secret, so that a different secret is wrong.
        if (!known.TryGet(client.ClientId, out var cached) || !cached.BelongsTo(client))
            return null;
        return CryptographicOperations.FixedTimeEquals(cached.Hash, KeyedHash(presented))
            ? SecretCheckResult.Correct
            : SecretCheckResult.Wrong;
    }

    /// <summary>
    /// Compares with bcrypt. Requests with the same secret share the comparison, which continues if they stop waiting.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="presented">The secret that was presented.</param>
    /// <param name="network">The network whose comparisons are limited; null if the request presents an existing code.</param>
    /// <param name="cancellationToken">Ends the wait for the result.</param>
    private Task<SecretCheckResult> CompareAsync(
        OidcClient client, Secret presented, string? network, CancellationToken cancellationToken)
    {
        var hashes = Convert.ToHexString(client.SecretHash) + Convert.ToHexString(KeyedHash(presented));
        return comparisons.RunAsync(
            (client.ClientId, hashes, network is null),
            () => network is null ? EnqueueAsync(client, presented, hasCode: true) : EnqueueInNetworkAsync(client, presented, network),
            cancellationToken);
    }

    private async Task<SecretCheckResult> EnqueueInNetworkAsync(OidcClient client, Secret presented, string network)
    {
        try
        {
            return networks.AddOrUpdate(network, 1, (_, count) => count + 1) > MaxPerNetwork
                ? SecretCheckResult.Busy
                : await EnqueueAsync(client, presented, hasCode: false);
        }
        finally
        {
            if (networks.AddOrUpdate(network, 0, (_, count) => count - 1) <= 0)
                networks.TryRemove(KeyValuePair.Create(network, 0));
        }
    }

    private Task<SecretCheckResult> EnqueueAsync(OidcClient client, Secret presented, bool hasCode)
    {
        var completion = new TaskCompletionSource<SecretCheckResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        return queue.TryAdd(Complete, hasCode) ? completion.Task : Task.FromResult(SecretCheckResult.Busy);

        void Complete()
        {
            try
            {
                completion.SetResult(CompareNow(client, presented));
            }
            catch (Exception e)
            {
                // Only the requests that wait for this comparison fail. On a thread of the pool, the exception would end the process.
                completion.SetException(e);
            }
        }
    }

    private SecretCheckResult CompareNow(OidcClient client, Secret presented)
    {
        // An earlier comparison may have found the correct secret.
        if (CompareWithKnown(client, presented) is { } result)
            return result;
        if (!Compare(client.SecretHash, presented))
            return SecretCheckResult.Wrong;
        Remember(client, presented);
        return SecretCheckResult.Correct;
    }

    private static bool Matches(byte[] hash, Secret presented)
    {
        // The library calculates for a very long time, or throws exceptions of several types, if the row contains another text.
        var text = Encoding.ASCII.GetString(hash);
        return BcryptHash.IsMatch(text) && BCrypt.Net.BCrypt.Verify(presented.Reveal(), text);
    }

    /// <summary>A bcrypt hash with a cost of at most 16, which needs about 5 s of CPU time.</summary>
    [GeneratedRegex(
        """\A\$2[abxy]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}\z""", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BcryptHash { get; }

    private byte[] KeyedHash(Secret secret) => HMACSHA256.HashData(cacheKey, Encoding.UTF8.GetBytes(secret.Reveal()));

    private sealed record KnownSecret(byte[] RowHash, byte[] Hash)
    {
        public bool BelongsTo(OidcClient client) => RowHash.AsSpan().SequenceEqual(client.SecretHash);
    }
}
