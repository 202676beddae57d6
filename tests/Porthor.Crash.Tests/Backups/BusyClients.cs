using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Backups;

/// <summary>A time before, during or after the backup.</summary>
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
    private readonly List<ObservedTree>[] observed;
    private readonly List<Task> tasks;
    private readonly int[] answers = new int[3];
    private volatile BackupPhase now;
    private volatile bool stopping;

    public BusyClients(Site site, int count)
    {
        this.site = site;
        observed = [.. Enumerable.Range(0, count).Select(_ => new List<ObservedTree>())];
        tasks = [.. Enumerable.Range(0, count).Select(number => Task.Run(() => RunAsync(number)))];
    }

    /// <summary>Sets the phase in which requests are sent from now on.</summary>
    public void SetPhase(BackupPhase phase) => now = phase;

    /// <summary>Returns the number of responses in a phase.</summary>
    public int AnswersIn(BackupPhase phase) => Volatile.Read(ref answers[(int)phase]);

    /// <summary>True if no request has failed.</summary>
    public bool NoneHasFailed => !tasks.Exists(task => task.IsFaulted);

    /// <summary>Waits until many requests were answered in a phase.</summary>
    public Task WaitUntilBusyAsync(BackupPhase phase) => RealServers.WaitUntilAsync(
        () => !NoneHasFailed || AnswersIn(phase) >= 30 ? Task.CompletedTask : throw new TimeoutException(), "busy clients");

    public async Task StopAsync()
    {
        stopping = true;
        await Task.WhenAll(tasks);
    }

    /// <summary>
    /// Checks the restored data: tokens that the backup must contain exist, tokens that it cannot contain do not, and exactly the valid
    /// tokens are listed.
    /// </summary>
    public async Task CheckAsync()
    {
        HashSet<string> listed = [];
        for (var number = 0; number < observed.Length; number++)
            listed.UnionWith(await site.ListAsync(Username(number)));
        await Parallel.ForEachAsync(observed.SelectMany(tokens => tokens), async (token, _) =>
        {
            var (isAllowed, childIsAllowed) =
                (await IsAllowedAsync(token.Tree.Token, "user:token"), await IsAllowedAsync(token.Tree.Child, "read:all"));
            isAllowed.ShouldBe(listed.Contains(token.Tree.Token.Key.Value), $"listed: {token}");
            childIsAllowed.ShouldBe(listed.Contains(token.Tree.Child.Key.Value), $"child listed: {token}");
            if (childIsAllowed)
                isAllowed.ShouldBeTrue($"its child is valid: {token}");
            if (token is { Created: BackupPhase.Before, RevocationBegun: null or BackupPhase.After })
                (isAllowed, childIsAllowed).ShouldBe((true, true), $"{token}");
            if (token.Revoked is BackupPhase.Before || token.CreationBegun is BackupPhase.After)
                isAllowed.ShouldBeFalse($"{token}");
        });
    }

    /// <summary>Checks that all tokens that were ever revoked are invalid.</summary>
    public Task CheckRevokedAsync() => Parallel.ForEachAsync(
        observed.SelectMany(tokens => tokens).Where(token => token.Revoked is not null), async (token, _) =>
        ((await IsAllowedAsync(token.Tree.Token, "user:token")) || (await IsAllowedAsync(token.Tree.Child, "read:all")))
            .ShouldBeFalse($"{token}"));

    private static string Username(int number) => $"busy{number}";

    private async Task RunAsync(int number)
    {
        var (random, tokens) = (new Random(number), observed[number]);
        while (!stopping)
        {
            var begunIn = now;
            var tree = await site.CreateTreeAsync(Username(number), $"token {tokens.Count}");
            tokens.Add(new ObservedTree(tree, begunIn, CountAnswer()));
            // Two of three tokens are revoked, at different times after their creation.
            if (random.Next(3) > 0 && tokens[random.Next(tokens.Count)] is { RevocationBegun: null } revoked)
            {
                revoked.RevocationBegun = now;
                await site.RevokeAsync(revoked.Tree);
                revoked.Revoked = CountAnswer();
            }
        }
    }

    private BackupPhase CountAnswer()
    {
        var phase = now;
        Interlocked.Increment(ref answers[(int)phase]);
        return phase;
    }

    private async Task<bool> IsAllowedAsync(Token token, string scope)
    {
        var status = await site.AuthorizeAsync(token, scope);
        status.ShouldBeOneOf(200, 401);
        return status == 200;
    }

    private sealed record ObservedTree(Tree Tree, BackupPhase CreationBegun, BackupPhase Created)
    {
        public BackupPhase? RevocationBegun { get; set; }

        public BackupPhase? Revoked { get; set; }

        public override string ToString() =>
            $"{Tree.Token.Key}, creation begun {CreationBegun}, created {Created}, revocation begun {RevocationBegun}, revoked {Revoked}";
    }
}
