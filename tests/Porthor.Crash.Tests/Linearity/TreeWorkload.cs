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
    private readonly bool endsRoot = seed % 4 != 0;

    private readonly Lock sync = new();
    private readonly List<Member> members = [];
    private bool reducing;
    private int level = Scopes.Length;
    private long now;
    private int childrenPassed;

    /// <summary>The number of operations.</summary>
    public int Operations { get; private set; }

    /// <summary>
    /// The number of times that a child was allowed with all scopes. Without such cases a lost scope could not be observed.
    /// </summary>
    public int ChildrenPassed => childrenPassed;

    /// <summary>All issued tokens.</summary>
    public IEnumerable<Token> Tokens => members.Select(member => member.Token);

    public async Task RunAsync()
    {
        var made = await http.CreateUserTokenAsync(nodes[0].Url, administrator, username, "root", Scopes);
        members.Add(new Member(Requests.TokenIn(made!), parent: null));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(
            number => Task.Run(() => RunAsync(new Random(HashCode.Combine(seed, number))))));
    }

    /// <summary>Returns the histories that are not linearizable. A child can start with any number of scopes.</summary>
    public IEnumerable<string> Impossible() =>
        from member in members
        let history = member.History()
        where !Enumerable.Range(0, Scopes.Length + 1).Any(scopes =>
            (member.Parent is not null || scopes == Scopes.Length) && Linearizability.Holds(history, TokenState.Alive(scopes)))
        select $"{member.Token.Key}:\n{string.Join('\n', history.OrderBy(operation => operation.Begin))}";

    /// <param name="scopes">The number of required scopes; 0 if the token must only be valid.</param>
    public static Operation Used(long begin, long end, int scopes, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"use with {scopes} scopes: {status}", state => status switch
    {
        200 when state.IsAlive && state.Scopes >= scopes => state,
        403 when state.IsAlive && state.Scopes < scopes => state,
        401 when !state.IsAlive => state,
        null => state,
        _ => null,
    });

    public static Operation Revoked(long begin, long end, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"revoke: {status}", state => status switch
    {
        204 when state.IsListed => TokenState.Dead,
        404 when !state.IsListed => state,
        null => TokenState.Dead,
        _ => null,
    });

    /// <summary>The first step of the revocation of an ancestor.</summary>
    public static Operation Ended(long begin, long end) => new(begin, end, "ancestor revoked", state => state.Refused());

    public static Operation ReducedTo(long begin, long end, int scopes, int? status) => new(
        begin, status is null ? long.MaxValue : end, $"reduce to {scopes}: {status}", state => status switch
    {
        200 when state.IsAlive => state.Reduced(scopes),
        404 when !state.IsAlive => state,
        null => state.Reduced(scopes),
        _ => null,
    });

    private async Task RunAsync(Random random)
    {
        for (var step = 0; step < Steps; step++)
        {
            var (act, pick, scopes, node) = (
                random.Next(100), random.Next(int.MaxValue), random.Next(Scopes.Length + 1), nodes[random.Next(nodes.Count)].Url);
            var member = Pick(pick);
            // The root is revoked late, so that many operations happen before and some after.
            await (act switch
            {
                < 50 => UseAsync(node, member, scopes),
                < 75 => DelegateAsync(node, member, $"service-{scopes % 2}"),
                < 83 => ReduceAsync(node),
                < 93 when member.Parent is not null => RevokeAsync(node, member),
                _ when endsRoot && step > Steps * 2 / 3 => RevokeAsync(node, members[0]),
                _ => UseAsync(node, member, scopes),
            });
        }
    }

    private async Task UseAsync(Uri node, Member member, int scopes)
    {
        var begin = Tick();
        var answer = await http.AuthorizeAsync(node, member.Token, scopes == 0 ? "" : $"scope={Scopes[scopes - 1]}");
        var status = StatusOf(answer, 200, 401, 403);
        member.Saw(Used(begin, Tick(), scopes, status));
        if (member.Parent is not null && scopes == Scopes.Length && status == 200)
            Interlocked.Increment(ref childrenPassed);
    }

    private async Task DelegateAsync(Uri node, Member parent, string service)
    {
        var begin = Tick();
        var answer = await http.DelegateAsync(node, parent.Token, service, Scopes);
        var end = Tick();
        var status = StatusOf(answer, 200, 401);
        parent.Saw(Used(begin, end, scopes: 0, status));
        // An issued child is valid, whether it is new or was issued before.
        if (status != 200)
            return;
        var child = Know(Token.Parse(answer!.Header("X-Auth-Request-Token")!), parent);
        child.Saw(Used(begin, end, scopes: 0, status));
        // The child's scopes may be from before a reduction of its parent.
        await UseAsync(node, child, Scopes.Length);
    }

    /// <summary>One reduction at a time, each to fewer scopes; scopes are never granted again.</summary>
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
            root.Did(begin, Tick(), StatusOf(answer, 200, 404), 404, (b, e, status) => ReducedTo(b, e, level, status));
        }
        Volatile.Write(ref reducing, false);
    }

    private async Task RevokeAsync(Uri node, Member member)
    {
        var begin = Tick();
        var answer = await http.RevokeAsync(node, administrator, username, member.Token.Key);
        var (end, status) = (Tick(), StatusOf(answer, 204, 404));
        member.Did(begin, end, status, 404, Revoked);
        if (status != 404)
            member.DidBelow(Ended(begin, status is null ? long.MaxValue : end));
    }

    private long Tick() => Interlocked.Increment(ref now);

    /// <summary>Returns the status; null if a store was not available.</summary>
    private int? StatusOf(Answer? answer, params int[] meant)
    {
        lock (sync)
            Operations++;
        if (answer is null or { StatusCode: 503 })
            return null;
        meant.ShouldContain(answer.StatusCode, answer.Body);
        return answer.StatusCode;
    }

    private Member Pick(int number)
    {
        lock (sync)
            return members[number % members.Count];
    }

    private Member Know(Token token, Member parent)
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
        private readonly List<Operation> own = [];
        private readonly List<Operation> forAllBelow = [];

        public Token Token => token;

        public Member? Parent => parent;

        public void Saw(Operation operation)
        {
            lock (sync)
                own.Add(operation);
        }

        /// <summary>The operation also applies to all descendants, but its answer does not say whether they existed.</summary>
        public void Did(long begin, long end, int? status, int notFound, Func<long, long, int?, Operation> describe)
        {
            lock (sync)
            {
                own.Add(describe(begin, end, status));
                if (status != notFound)
                    forAllBelow.Add(describe(begin, end, null) with { End = status is null ? long.MaxValue : end });
            }
        }

        public void DidBelow(Operation operation)
        {
            lock (sync)
                forAllBelow.Add(operation);
        }

        public List<Operation> History()
        {
            lock (sync)
                return [.. own, .. parent?.Inherited() ?? []];
        }

        private List<Operation> Inherited()
        {
            lock (sync)
                return [.. forAllBelow, .. parent?.Inherited() ?? []];
        }
    }
}
