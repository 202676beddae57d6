using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// Several clients create, use, reduce and revoke the tokens of one tree at several nodes, and record their observations for each token. An
/// operation on a token also belongs to the histories of its descendants.
/// </summary>
internal sealed class TreeWorkload(IReadOnlyList<TestServer> nodes, Token administrator, string username, int seed, HttpClient http)
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

    /// <param name="scopes">The number of required scopes; 0 if the token must only be valid.</param>
    public static Operation Used(long begin, long end, int scopes, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"use with {scopes} scopes: {status}", state => status switch
    {
        200 when state.IsValid && state.Scopes >= scopes => state,
        403 when state.IsValid && state.Scopes < scopes => state,
        401 when !state.IsValid => state,
        null => state,
        _ => null,
    });

    public static Operation Revoked(long begin, long end, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"revoke: {status}", state => status switch
    {
        204 when state.IsListed => TokenState.Revoked,
        404 when !state.IsListed => state,
        null => TokenState.Revoked,
        _ => null,
    });

    /// <summary>The first step of the revocation of an ancestor.</summary>
    public static Operation AncestorRevoked(long begin, long end) => new(begin, end, "ancestor revoked", state => state.Invalidated());

    public static Operation ReducedTo(long begin, long end, int scopes, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"reduce to {scopes}: {status}", state => status switch
    {
        200 when state.IsValid => state.Reduced(scopes),
        404 when !state.IsValid => state,
        null => state.Reduced(scopes),
        _ => null,
    });

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

    private async Task UseAsync(Uri node, Member member, int scopes)
    {
        var begin = Tick();
        var answer = await http.AuthorizeAsync(node, member.Token, scopes == 0 ? "" : $"scope={Scopes[scopes - 1]}");
        var status = StatusOf(answer, 200, 401, 403);
        member.Add(Used(begin, Tick(), scopes, status));
        if (member.Parent is not null && scopes == Scopes.Length && status == 200)
            Interlocked.Increment(ref childrenAllowed);
    }

    private async Task DelegateAsync(Uri node, Member parent, string service)
    {
        var begin = Tick();
        var answer = await http.DelegateAsync(node, parent.Token, service, Scopes);
        var end = Tick();
        var status = StatusOf(answer, 200, 401);
        parent.Add(Used(begin, end, scopes: 0, status));
        // An issued child is valid, whether it is new or was issued before.
        if (status != 200)
            return;
        var child = GetOrAdd(Token.Parse(answer!.Header("X-Auth-Request-Token")!), parent);
        child.Add(Used(begin, end, scopes: 0, status));
        // The child can have scopes from before a reduction of its parent.
        await UseAsync(node, child, Scopes.Length);
    }

    /// <summary>Reduces the scopes of the root. Only one reduction runs at a time, and removed scopes are never granted again.</summary>
    private async Task ReduceAsync(Uri node)
    {
        if (Interlocked.Exchange(ref reducing, true))
            return;
        if (level > 0)
        {
            level--;
            var root = members[0];
            var begin = Tick();
            var answer = await http.EditAsync(node, administrator, username, root.Token.Key, Scopes[..level]);
            root.AddForTree(begin, Tick(), StatusOf(answer, 200, 404), 404, (b, e, status) => ReducedTo(b, e, level, status));
        }
        Volatile.Write(ref reducing, false);
    }

    private async Task RevokeAsync(Uri node, Member member)
    {
        var begin = Tick();
        var answer = await http.RevokeAsync(node, administrator, username, member.Token.Key);
        var (end, status) = (Tick(), StatusOf(answer, 204, 404));
        member.AddForTree(begin, end, status, 404, Revoked);
        if (status != 404)
            member.AddForDescendants(AncestorRevoked(begin, status is null ? long.MaxValue : end));
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

    /// <summary>A token of the tree with the operations on it.</summary>
    private sealed class Member(Token token, Member? parent)
    {
        private readonly Lock sync = new();
        private readonly List<Operation> operations = [];
        private readonly List<Operation> forDescendants = [];

        public Token Token => token;

        public Member? Parent => parent;

        public void Add(Operation operation)
        {
            lock (sync)
                operations.Add(operation);
        }

        /// <summary>
        /// Adds an operation that also applies to all descendants. The answer does not show whether there were descendants.
        /// </summary>
        public void AddForTree(long begin, long end, int? status, int notFound, Func<long, long, int?, Operation> describe)
        {
            lock (sync)
            {
                operations.Add(describe(begin, end, status));
                if (status != notFound)
                    forDescendants.Add(describe(begin, end, null) with { End = status is null ? long.MaxValue : end });
            }
        }

        public void AddForDescendants(Operation operation)
        {
            lock (sync)
                forDescendants.Add(operation);
        }

        public List<Operation> History()
        {
            lock (sync)
                return [.. operations, .. parent?.Inherited() ?? []];
        }

        private List<Operation> Inherited()
        {
            lock (sync)
                return [.. forDescendants, .. parent?.Inherited() ?? []];
        }
    }
}
