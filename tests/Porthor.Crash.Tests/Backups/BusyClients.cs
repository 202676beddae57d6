using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Backups;

/// <summary>When something was, by the backup that was taken.</summary>
internal enum Moment
{
    Before,
    Meanwhile,
    Since,
}

/// <summary>
/// Clients that make, delegate and revoke tokens without a pause while a backup is taken, none of which may fail; and who know of each token
/// what of it the backup must have, may have, and cannot have.
/// </summary>
internal sealed class BusyClients
{
    private readonly Site site;
    private readonly List<Known>[] known;
    private readonly List<Task> work;
    private readonly int[] acknowledged = new int[3];
    private volatile Moment now;
    private volatile bool stopping;

    public BusyClients(Site site, int count)
    {
        this.site = site;
        known = [.. Enumerable.Range(0, count).Select(_ => new List<Known>())];
        work = [.. Enumerable.Range(0, count).Select(number => Task.Run(() => RunAsync(number)))];
    }

    /// <summary>From now on it is this moment.</summary>
    public void Let(Moment moment) => now = moment;

    /// <summary>How many answers came in a moment.</summary>
    public int AnsweredIn(Moment moment) => Volatile.Read(ref acknowledged[(int)moment]);

    /// <summary>False if a request failed.</summary>
    public bool AreWell => !work.Exists(task => task.IsFaulted);

    /// <summary>Waits until much has been answered in a moment.</summary>
    public Task UntilBusyAsync(Moment moment) => RealServers.UntilAsync(
        () => !AreWell || AnsweredIn(moment) >= 30 ? Task.CompletedTask : throw new TimeoutException(), "busy clients");

    public async Task StopAsync()
    {
        stopping = true;
        await Task.WhenAll(work);
    }

    /// <summary>After the backup was restored: what it must have is there, what it cannot have is not, and what works is what is listed.</summary>
    public async Task CheckAsync()
    {
        HashSet<string> listed = [];
        for (var number = 0; number < known.Length; number++)
            listed.UnionWith(await site.ListAsync(Username(number)));
        await Parallel.ForEachAsync(known.SelectMany(tokens => tokens), async (token, _) =>
        {
            var (works, childWorks) = (await WorksAsync(token.Tree.Token, "user:token"), await WorksAsync(token.Tree.Child, "read:all"));
            works.ShouldBe(listed.Contains(token.Tree.Token.Key.Value), $"listed or not: {token}");
            childWorks.ShouldBe(listed.Contains(token.Tree.Child.Key.Value), $"listed or not, the child: {token}");
            if (childWorks)
                works.ShouldBeTrue($"its child works: {token}");
            if (token is { Made: Moment.Before, RevocationBegun: null or Moment.Since })
                (works, childWorks).ShouldBe((true, true), $"{token}");
            if (token.Revoked is Moment.Before || token.Begun is Moment.Since)
                works.ShouldBeFalse($"{token}");
        });
    }

    /// <summary>Nothing works that anybody ever revoked.</summary>
    public Task CheckRevokedAsync() => Parallel.ForEachAsync(known.SelectMany(tokens => tokens).Where(token => token.Revoked is not null), async (token, _) =>
        ((await WorksAsync(token.Tree.Token, "user:token")) || (await WorksAsync(token.Tree.Child, "read:all"))).ShouldBeFalse($"{token}"));

    private static string Username(int number) => $"busy{number}";

    private async Task RunAsync(int number)
    {
        var (random, tokens) = (new Random(number), known[number]);
        while (!stopping)
        {
            var begun = now;
            var tree = await site.MakeAsync(Username(number), $"token {tokens.Count}");
            tokens.Add(new Known(tree, begun, Answered()));
            // Two of three are revoked, some at once and some much later.
            if (random.Next(3) > 0 && tokens[random.Next(tokens.Count)] is { RevocationBegun: null } revoked)
            {
                revoked.RevocationBegun = now;
                await site.RevokeAsync(revoked.Tree);
                revoked.Revoked = Answered();
            }
        }
    }

    private Moment Answered()
    {
        var moment = now;
        Interlocked.Increment(ref acknowledged[(int)moment]);
        return moment;
    }

    private async Task<bool> WorksAsync(Token token, string scope)
    {
        var status = await site.PassAsync(token, scope);
        status.ShouldBeOneOf(200, 401);
        return status == 200;
    }

    private sealed record Known(Tree Tree, Moment Begun, Moment Made)
    {
        public Moment? RevocationBegun { get; set; }

        public Moment? Revoked { get; set; }

        public override string ToString() => $"{Tree.Token.Key}, begun {Begun}, made {Made}, revocation begun {RevocationBegun}, revoked {Revoked}";
    }
}
