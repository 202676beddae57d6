using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// Several clients create, use, reduce and revoke the tokens of one tree at several nodes, and record their observations for each token. An
/// operation on a token also belongs to the histories of its descendants.
/// </summary>
internal sealed partial class TreeWorkload(IReadOnlyList<TestServer> nodes, Token administrator, string username, int seed, HttpClient http)
{
    private const int Clients = 6;
    private const int Steps = 14;

    /// <summary>The ordered scopes. A token has the first n of them.</summary>
    private static readonly string[] Scopes = ["read:all", "read:some", "exec:test"];

    /// <summary>False for some trees, so that tokens are left for the checks at the end.</summary>
    private readonly bool revokesRoot = seed % 4 != 0;

    private readonly Lock sync = new();
    private readonly List<Member> members = [];
    private bool reducing;
    private int level = Scopes.Length;
    private long now;
    private int childrenAllowed;

    /// <summary>The number of operations.</summary>
    public int Operations { get; private set; }

    /// <summary>
    /// The number of times that a child was allowed with all scopes. Without such cases a lost scope could not be observed.
    /// </summary>
    public int ChildrenAllowed => childrenAllowed;

    /// <summary>All issued tokens.</summary>
    public IEnumerable<Token> Tokens => members.Select(member => member.Token);

    public async Task RunAsync()
    {
        var created = await http.CreateUserTokenAsync(nodes[0].Url, administrator, username, "root", Scopes);
        members.Add(new Member(Requests.TokenIn(created!), parent: null));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(
            number => Task.Run(() => RunAsync(new Random(HashCode.Combine(seed, number))))));
    }

    /// <summary>Returns the histories that are not linearizable. A child can start with any number of scopes.</summary>
    public IEnumerable<string> Violations() =>
        from member in members
        let history = member.History()
        where !Enumerable.Range(0, Scopes.Length + 1).Any(scopes =>
            (member.Parent is not null || scopes == Scopes.Length) && Linearizability.Holds(history, TokenState.Valid(scopes)))
        select $"{member.Token.Key}:\n{string.Join('\n', history.OrderBy(operation => operation.Begin))}";

    private async Task RunAsync(Random random)
    {
        for (var step = 0; step < Steps; step++)
        {
            var (action, index, scopes, node) = (
                random.Next(100), random.Next(int.MaxValue), random.Next(Scopes.Length + 1), nodes[random.Next(nodes.Count)].Url);
            var member = Pick(index);
            // The root is revoked late, so that many operations happen before the revocation and some after it.
            await (action switch
            {
                < 50 => UseAsync(node, member, scopes),
                < 75 => DelegateAsync(node, member, $"service-{scopes % 2}"),
                < 83 => ReduceAsync(node),
                < 93 when member.Parent is not null => RevokeAsync(node, member),
                _ when revokesRoot && step > Steps * 2 / 3 => RevokeAsync(node, members[0]),
                _ => UseAsync(node, member, scopes),
            });
        }
    }

    private long Tick() => Interlocked.Increment(ref now);

    /// <summary>Returns the status; null if a store was not available.</summary>
    private int? StatusOf(Answer? answer, params int[] expected)
    {
        lock (sync)
            Operations++;
        if (answer is null or { StatusCode: 503 })
            return null;
        expected.ShouldContain(answer.StatusCode, answer.Body);
        return answer.StatusCode;
    }

    private Member Pick(int number)
    {
        lock (sync)
            return members[number % members.Count];
    }

    private Member GetOrAdd(Token token, Member parent)
    {
        lock (sync)
        {
            if (members.Find(member => member.Token.Key == token.Key) is { } known)
                return known;
            members.Add(new Member(token, parent));
            return members[^1];
        }
    }
}
