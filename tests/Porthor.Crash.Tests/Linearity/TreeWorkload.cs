using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Linearity;

/// <summary>
/// Several clients make, use, narrow and revoke the tokens of one tree at several nodes, and all that they saw is kept, token by
/// token. What is done to a token is done to all below it, so that it belongs to their histories too.
/// </summary>
internal sealed class TreeWorkload(IReadOnlyList<TestServer> nodes, Token administrator, string username, int seed, HttpClient http)
{
    private const int Clients = 6;
    private const int Steps = 14;

    /// <summary>From the first to the last; a token has the first so many of them.</summary>
    private static readonly string[] Scopes = ["read:all", "read:some", "exec:test"];

    /// <summary>Not of every tree, so that something is left to be looked at in the end.</summary>
    private readonly bool endsRoot = seed % 4 != 0;

    private readonly Lock gate = new();
    private readonly List<Member> members = [];
    private bool narrowing;
    private int level = Scopes.Length;
    private long now;
    private int childrenPassed;

    /// <summary>How many operations there were.</summary>
    public int Operations { get; private set; }

    /// <summary>How often a child passed with all scopes: else nothing could be seen of what it loses.</summary>
    public int ChildrenPassed => childrenPassed;

    /// <summary>All that were ever handed out.</summary>
    public IEnumerable<Token> Tokens => members.Select(member => member.Token);

    public async Task TellAsync()
    {
        var made = await http.CreateUserTokenAsync(nodes[0].Url, administrator, username, "root", Scopes);
        members.Add(new Member(Requests.TokenIn(made!), parent: null));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(number => Task.Run(() => RunAsync(new Random(HashCode.Combine(seed, number))))));
    }

    /// <summary>The histories that no token can have had. A child begins with however many scopes it was given.</summary>
    public IEnumerable<string> Impossible() =>
        from member in members
        let history = member.History()
        where !Enumerable.Range(0, Scopes.Length + 1).Any(scopes =>
            (member.Parent is not null || scopes == Scopes.Length) && Linearizability.Holds(history, TokenState.Alive(scopes)))
        select $"{member.Token.Key}:\n{string.Join('\n', history.OrderBy(operation => operation.Begin))}";

    /// <param name="scopes">It was asked to have so many; 0 to be valid only.</param>
    public static Operation Used(long begin, long end, int scopes, int? status) => new(begin, status is null ? long.MaxValue : end, $"use with {scopes} scopes: {status}", state => status switch
    {
        200 when state.IsAlive && state.Scopes >= scopes => state,
        403 when state.IsAlive && state.Scopes < scopes => state,
        401 when !state.IsAlive => state,
        null => state,
        _ => null,
    });

    public static Operation Revoked(long begin, long end, int? status) => new(begin, status is null ? long.MaxValue : end, $"revoke: {status}", state => status switch
    {
        204 when state.IsListed => TokenState.Dead,
        404 when !state.IsListed => state,
        null => TokenState.Dead,
        _ => null,
    });

    /// <summary>The first half of an ancestor's revocation.</summary>
    public static Operation Ended(long begin, long end) => new(begin, end, "access ends", state => state.Refused());

    public static Operation NarrowedTo(long begin, long end, int scopes, int? status) => new(begin, status is null ? long.MaxValue : end, $"narrow to {scopes}: {status}", state => status switch
    {
        200 when state.IsAlive => state.Narrowed(scopes),
        404 when !state.IsAlive => state,
        null => state.Narrowed(scopes),
        _ => null,
    });

    private async Task RunAsync(Random random)
    {
        for (var step = 0; step < Steps; step++)
        {
            var (act, pick, scopes, node) = (random.Next(100), random.Next(int.MaxValue), random.Next(Scopes.Length + 1), nodes[random.Next(nodes.Count)].Url);
            var member = Pick(pick);
            // The root goes near the end, so that much happens before and something after.
            await (act switch
            {
                < 50 => UseAsync(node, member, scopes),
                < 75 => DelegateAsync(node, member, $"service-{scopes % 2}"),
                < 83 => NarrowAsync(node),
                < 93 when member.Parent is not null => RevokeAsync(node, member),
                _ when endsRoot && step > Steps * 2 / 3 => RevokeAsync(node, members[0]),
                _ => UseAsync(node, member, scopes),
            });
        }
    }

    private async Task UseAsync(Uri node, Member member, int scopes)
    {
        var begin = Tick();
        var answer = await http.PassAsync(node, member.Token, scopes == 0 ? "" : $"scope={Scopes[scopes - 1]}");
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
        // Handed out it works, whether it was made for this or before.
        if (status != 200)
            return;
        var child = Know(Token.Parse(answer!.Header("X-Auth-Request-Token")!), parent);
        child.Saw(Used(begin, end, scopes: 0, status));
        // What it has now it may have had when its parent lost it.
        await UseAsync(node, child, Scopes.Length);
    }

    /// <summary>One at a time, and each to fewer: given back is nothing here.</summary>
    private async Task NarrowAsync(Uri node)
    {
        if (Interlocked.Exchange(ref narrowing, true))
            return;
        if (level > 0)
        {
            level--;
            var root = members[0];
            var begin = Tick();
            var answer = await http.EditAsync(node, administrator, username, root.Token.Key, Scopes[..level]);
            root.Did(begin, Tick(), StatusOf(answer, 200, 404), 404, (b, e, status) => NarrowedTo(b, e, level, status));
        }
        Volatile.Write(ref narrowing, false);
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

    /// <summary>The status if it says something; null for a store that was not available.</summary>
    private int? StatusOf(Answer? answer, params int[] meant)
    {
        lock (gate)
            Operations++;
        if (answer is null or { StatusCode: 503 })
            return null;
        meant.ShouldContain(answer.StatusCode, answer.Body);
        return answer.StatusCode;
    }

    private Member Pick(int number)
    {
        lock (gate)
            return members[number % members.Count];
    }

    private Member Know(Token token, Member parent)
    {
        lock (gate)
        {
            if (members.Find(member => member.Token.Key == token.Key) is { } known)
                return known;
            members.Add(new Member(token, parent));
            return members[^1];
        }
    }

    /// <summary>A token of the tree, and what was seen of it and done to it.</summary>
    private sealed class Member(Token token, Member? parent)
    {
        private readonly Lock gate = new();
        private readonly List<Operation> own = [];
        private readonly List<Operation> forAllBelow = [];

        public Token Token => token;

        public Member? Parent => parent;

        public void Saw(Operation operation)
        {
            lock (gate)
                own.Add(operation);
        }

        /// <summary>For all below it is done too; whether they were still there nobody was told.</summary>
        public void Did(long begin, long end, int? status, int notFound, Func<long, long, int?, Operation> describe)
        {
            lock (gate)
            {
                own.Add(describe(begin, end, status));
                if (status != notFound)
                    forAllBelow.Add(describe(begin, end, null) with { End = status is null ? long.MaxValue : end });
            }
        }

        public void DidBelow(Operation operation)
        {
            lock (gate)
                forAllBelow.Add(operation);
        }

        public List<Operation> History()
        {
            lock (gate)
                return [.. own, .. parent?.Inherited() ?? []];
        }

        private List<Operation> Inherited()
        {
            lock (gate)
                return [.. forAllBelow, .. parent?.Inherited() ?? []];
        }
    }
}
