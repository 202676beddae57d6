using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Backups;

/// <summary>A time in relation to the backup.</summary>
internal enum BackupPhase
{
    Before,
    During,
    After,
}

/// <summary>
/// Clients that continuously create, delegate and revoke tokens while a backup is taken. No request may fail. The clients record for each
/// token whether the backup must, may or cannot contain it.
/// </summary>
internal sealed class BusyClients
{
    private readonly Site site;
    private readonly List<Known>[] known;
    private readonly List<Task> work;
    private readonly int[] acknowledged = new int[3];
    private volatile BackupPhase now;
    private volatile bool stopping;

    public BusyClients(Site site, int count)
    {
        this.site = site;
        known = [.. Enumerable.Range(0, count).Select(_ => new List<Known>())];
        work = [.. Enumerable.Range(0, count).Select(number => Task.Run(() => RunAsync(number)))];
    }

    /// <summary>Sets the current time in relation to the backup.</summary>
    public void SetPhase(BackupPhase phase) => now = phase;

    /// <summary>Returns the number of responses at a time.</summary>
    public int AnswersIn(BackupPhase phase) => Volatile.Read(ref acknowledged[(int)phase]);

    /// <summary>False if a request failed.</summary>
    public bool AreWell => !work.Exists(task => task.IsFaulted);

    /// <summary>Waits until many requests were answered at a time.</summary>
    public Task UntilBusyAsync(BackupPhase phase) => RealServers.UntilAsync(
        () => !AreWell || AnswersIn(phase) >= 30 ? Task.CompletedTask : throw new TimeoutException(), "busy clients");

    public async Task StopAsync()
    {
        stopping = true;
        await Task.WhenAll(work);
    }

    /// <summary>
    /// Checks the restored data: tokens that the backup must contain exist, tokens that it cannot contain do not, and exactly the valid
    /// tokens are listed.
    /// </summary>
    public async Task CheckAsync()
    {
        HashSet<string> listed = [];
        for (var number = 0; number < known.Length; number++)
            listed.UnionWith(await site.ListAsync(Username(number)));
        await Parallel.ForEachAsync(known.SelectMany(tokens => tokens), async (token, _) =>
        {
            var (works, childWorks) = (await WorksAsync(token.Tree.Token, "user:token"), await WorksAsync(token.Tree.Child, "read:all"));
            works.ShouldBe(listed.Contains(token.Tree.Token.Key.Value), $"listed: {token}");
            childWorks.ShouldBe(listed.Contains(token.Tree.Child.Key.Value), $"child listed: {token}");
            if (childWorks)
                works.ShouldBeTrue($"its child is valid: {token}");
            if (token is { Made: BackupPhase.Before, RevocationBegun: null or BackupPhase.After })
                (works, childWorks).ShouldBe((true, true), $"{token}");
            if (token.Revoked is BackupPhase.Before || token.Begun is BackupPhase.After)
                works.ShouldBeFalse($"{token}");
        });
    }

    /// <summary>Checks that all tokens that were ever revoked are invalid.</summary>
    public Task CheckRevokedAsync() => Parallel.ForEachAsync(
        known.SelectMany(tokens => tokens).Where(token => token.Revoked is not null), async (token, _) =>
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
            // Two of three tokens are revoked, at different times after their creation.
            if (random.Next(3) > 0 && tokens[random.Next(tokens.Count)] is { RevocationBegun: null } revoked)
            {
                revoked.RevocationBegun = now;
                await site.RevokeAsync(revoked.Tree);
                revoked.Revoked = Answered();
            }
        }
    }

    private BackupPhase Answered()
    {
        var phase = now;
        Interlocked.Increment(ref acknowledged[(int)phase]);
        return phase;
    }

    private async Task<bool> WorksAsync(Token token, string scope)
    {
        var status = await site.AuthorizeAsync(token, scope);
        status.ShouldBeOneOf(200, 401);
        return status == 200;
    }

    private sealed record Known(Tree Tree, BackupPhase Begun, BackupPhase Made)
    {
        public BackupPhase? RevocationBegun { get; set; }

        public BackupPhase? Revoked { get; set; }

        public override string ToString() =>
            $"{Tree.Token.Key}, begun {Begun}, made {Made}, revocation begun {RevocationBegun}, revoked {Revoked}";
    }
}
