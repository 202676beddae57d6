using System.Buffers.Text;
using System.Runtime.InteropServices;
using Porthor.Identity;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Benchmarks.Scale;

/// <summary>
/// The tokens and changes of a large deployment. Each can be computed from its number, so that the token index and the record store can be
/// filled concurrently and queried later. Of every ten tokens three were created by users and services in the last year, four are sessions
/// of the last month, and three are children of sessions. There are five changes for each token, most of them for tokens that were removed.
/// </summary>
internal sealed class ScaleShape(int count, DateTimeOffset made)
{
    public const string Admin = "scale-admin";
    public const string ManyTokens = "scale-many";
    public const int Families = 3;

    private const int BlockSize = 7, SessionsInBlock = 4, BlockSlots = 10, DurableEvery = 13;
    private static readonly TimeSpan Past = TimeSpan.FromDays(360), Recently = TimeSpan.FromDays(30);
    private static readonly string[] Services =
        ["tap", "portal", "sia", "vo-cutouts", "mobu", "squareone", "times-square", "semaphore", "hips", "nublado"];

    private readonly int durable = count / 10 * 3;
    private readonly int blocks = count / 10;
    private readonly int familySize = count / 100;
    private readonly int users = count / 50;

    public int Count => count;

    public int Changes => count * 5;

    public int FamilySize => familySize;

    /// <summary>The time at which about half of all tokens expire.</summary>
    public DateTimeOffset Due { get; } = made.AddDays(30);

    /// <summary>A user with a typical number of tokens and changes.</summary>
    public static string Typical => "user0";

    /// <summary>A token with all scopes.</summary>
    public Token AdminToken => TokenOf(0);

    /// <summary>Returns the number of a session that has a hundredth of all tokens as its children.</summary>
    public int ParentOfFamily(int family) => durable + ((FirstFamilyBlock - 1 - family) * BlockSize);

    public IEnumerable<int> ChildrenOfFamily(int family) => Enumerable.Range(family * familySize, familySize)
        .Select(child => durable + ((FirstFamilyBlock + (child / 3)) * BlockSize) + SessionsInBlock + (child % 3));

    public Token TokenOf(int i) => new(KeyOf(i), Half(2, i));

    public static TokenKey KeyOf(int i) => new(Half(1, i));

    public bool IsDue(int i) => Expires(i) == Due;

    public int? ParentOf(int i)
    {
        if (i < durable || (i - durable) % BlockSize is var slot && slot < SessionsInBlock)
            return null;
        var block = (i - durable) / BlockSize;
        if (block >= FirstFamilyBlock)
            return ParentOfFamily((((block - FirstFamilyBlock) * 3) + slot - SessionsInBlock) / familySize);
        // The third child is a child of a child, or a notebook token.
        return durable + (block * BlockSize) + (slot switch { 4 => 0, 5 => 1, _ when block % 2 == 0 => 4, _ => 0 });
    }

    public TokenRecord RecordOf(int i)
    {
        var type = TypeOf(i);
        return new TokenRecord
        {
            Token = TokenOf(i),
            Username = UsernameOf(i),
            TokenType = type,
            Scopes = i == 0 ? ScopeSet.Of("admin:token", "read:all", "user:token") : type switch
            {
                TokenType.Session or TokenType.Notebook => ScopeSet.Of("exec:notebook", "read:all", "user:token"),
                TokenType.User => ScopeSet.Of("read:all", "user:token"),
                _ => ScopeSet.Of("read:all"),
            },
            Created = Created(i),
            Expires = Expires(i),
            Service = type == TokenType.Internal ? Services[i / BlockSize % Services.Length] : null,
            UserData = type == TokenType.Service ? UserData.None : new UserData
            {
                Name = "Some User",
                Email = "some-user@example.com",
                Uid = 100_000 + (i % 50_000),
                Gid = 100_000 + (i % 50_000),
                Groups = [new Group("g_science", 2000), new Group("g_users", 2001), new Group("g_project-team", 2002)],
            },
        };
    }

    public string? NameOf(int i) => TypeOf(i) is TokenType.User ? $"name {i}" : null;

    /// <summary>Returns the number of the token that this change created; null if it was removed.</summary>
    public int? MadeBy(int change)
    {
        if (change < Era)
            return change % DurableEvery == 0 && change / DurableEvery < durable ? change / DurableEvery : null;
        var slot = (change - Era) % BlockSlots;
        return slot < BlockSize ? durable + ((change - Era) / BlockSlots * BlockSize) + slot : null;
    }

    /// <summary>
    /// Returns the key and the user of a removed token. One change created it, and another change, a thousand numbers later, removed it.
    /// </summary>
    public (TokenKey Key, string Username, bool Removed) GoneBy(int change)
    {
        var removed = change % 2 == 0;
        var first = removed ? change - 1001 : change;
        return (new TokenKey(Half(3, first)), Math.Abs(first % 100) == 1 ? ManyTokens : User(first), removed);
    }

    public DateTimeOffset TimeOf(int change) => (change < Era
        ? made - Past + ((Past - Recently) * ((double)change / Era))
        : made - Recently + (Recently * ((double)(change - Era) / count))).TruncateToSeconds();

    /// <summary>The number of the first change that created a session or child that still exists.</summary>
    private int Era => count * 4;

    private int FirstFamilyBlock => blocks - (familySize * Families / 3);

    private TokenType TypeOf(int i) => i < durable
        ? i % 30 == 1 ? TokenType.Service : TokenType.User
        : ((i - durable) % BlockSize) switch
        {
            < SessionsInBlock => TokenType.Session,
            6 when (i - durable) / BlockSize % 2 == 1 => TokenType.Notebook,
            _ => TokenType.Internal,
        };

    private string UsernameOf(int i)
    {
        if (i == 0)
            return Admin;
        if (i < durable)
            return i % 30 == 1 ? $"bot-{Services[i % Services.Length]}" : i % 300 == 0 ? ManyTokens : User(i);
        for (; ParentOf(i) is { } parent; i = parent)
        {
        }
        return User(i);
    }

    private DateTimeOffset Created(int i)
    {
        var r = i - durable;
        return TimeOf(i < durable ? i * DurableEvery : Era + (r / BlockSize * BlockSlots) + (r % BlockSize));
    }

    private DateTimeOffset? Expires(int i)
    {
        var later = Due.AddDays(60);
        if (i < durable)
            return i % 3 == 0 || i % 30 == 1 ? null : i % 15 == 2 ? Due : later;
        var block = (i - durable) / BlockSize;
        var isFamily = block >= FirstFamilyBlock ? (i - durable) % BlockSize >= SessionsInBlock : block >= FirstFamilyBlock - Families;
        return !isFamily && block % 7 < 5 ? Due : later;
    }

    private string User(int seed) => $"user{Mix((ulong)seed) % (ulong)users}";

    /// <summary>Returns one half of a token with the statistics of a random one.</summary>
    private static string Half(int kind, long number)
    {
        ReadOnlySpan<ulong> random = [Mix(((ulong)kind << 56) + (ulong)number), Mix(((ulong)kind << 56) + (1UL << 55) + (ulong)number)];
        return Base64Url.EncodeToString(MemoryMarshal.AsBytes(random));
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
