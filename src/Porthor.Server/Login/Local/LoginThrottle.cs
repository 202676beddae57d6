using System.Net;
using Porthor.Identity;
using Porthor.Values;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Delays clients that guess passwords. Failures are counted per address and user, per address, and per user from any address. A number of
/// failures causes no delay; after that, the delay doubles with each failure. An IPv6 address is counted as its /64, its /56 and
/// its /48. Failures of other clients do not delay two kinds of clients. A browser in which the user logged in before has only a count of
/// its own. For an address from which the user logged in before, only the counts of this address and its /64 apply.
/// </summary>
/// <remarks>
/// An attempt counts as a failure until its result is known, so that parallel attempts count like consecutive ones. If only such unsettled
/// attempts prevent another attempt, it waits until one of them is settled (<see cref="BeginAsync"/>). The counts are in the memory of this
/// process. Their number and the number of waiting attempts are limited.
/// </remarks>
internal sealed class LoginThrottle(TimeProvider clock)
{
    /// <summary>The maximum number of counts. If there are more, the oldest are removed first.</summary>
    public const int MostCounts = 50_000;

    /// <summary>The maximum number of attempts from one network that wait for others to be settled.</summary>
    public const int MaxWaitingPerNetwork = 32;

    /// <summary>The maximum number of attempts that wait for others to be settled.</summary>
    public const int MaxWaiting = 128;

    /// <summary>The longest time that an attempt waits for others to be settled.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    /// <summary>The suggested wait if too many attempts are unsettled. Settling them takes a few seconds.</summary>
    private static readonly TimeSpan UnsettledWait = TimeSpan.FromSeconds(2);

    /// <summary>The time without a failure after which a count is reset. It is longer than any delay.</summary>
    private static readonly TimeSpan ResetAfter = TimeSpan.FromHours(1);

    private static readonly CountKind[] AddressAndUserKinds =
        [CountKind.AddressAndUser, CountKind.WideAddressAndUser, CountKind.WidestAddressAndUser];

    private static readonly CountKind[] AddressKinds = [CountKind.Address, CountKind.WideAddress, CountKind.WidestAddress];

    private readonly long started = clock.GetTimestamp();
    private readonly Lock sync = new();
    private readonly Dictionary<CountKey, Count> counts = [];
    private readonly FamiliarAddresses familiar = new();
    private readonly Dictionary<string, int> waiting = [];
    private TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan swept;

    /// <summary>Gets the time since the start. It does not depend on the system time, which can be changed.</summary>
    private TimeSpan Now => clock.GetElapsedTime(started);

    /// <summary>Gets the number of counts.</summary>
    public int Held
    {
        get
        {
            lock (sync)
                return counts.Count;
        }
    }

    /// <summary>Begins an attempt. If only unsettled attempts prevent it, waits until they are settled.</summary>
    /// <returns>A denied attempt if there were too many failures, if too many attempts wait, or if the others take too long.</returns>
    /// <inheritdoc cref="Begin"/>
    public async Task<CountedAttempt> BeginAsync(string username, IPAddress? address, string? device, CancellationToken cancellationToken)
    {
        var network = ClientNetwork.PrefixesOf(address)[0];
        var isWaiting = false;
        // Uses real time, because the other attempts do not depend on the clock of the tokens.
        using var limit = new CancellationTokenSource(LongestWait);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (true)
            {
                Task change;
                lock (sync)
                {
                    var attempt = Begin(username, address, device);
                    if (!attempt.IsRefused || !attempt.AwaitsOthers || (!isWaiting && !TryAddWaiting(network)))
                        return attempt;
                    isWaiting = true;
                    change = settled.Task;
                }
                try
                {
                    await change.WaitAsync(end.Token);
                }
                catch (OperationCanceledException)
                {
                    return Begin(username, address, device);
                }
            }
        }
        finally
        {
            if (isWaiting)
                RemoveWaiting(network);
        }
    }

    /// <summary>Begins an attempt. Denies it if there were too many failures, or there are too many unsettled attempts.</summary>
    /// <param name="username">The username as typed. There may be no such user.</param>
    /// <param name="device">The id of a browser in which this user logged in before; null for other browsers.</param>
    public CountedAttempt Begin(string username, IPAddress? address, string? device)
    {
        var now = Now;
        // All texts that cannot be a username share one count.
        var user = UserRules.IsUsername(username) ? username : "";
        var networks = ClientNetwork.PrefixesOf(address);
        lock (sync)
        {
            Sweep(now);
            var isFamiliar = familiar.Contains(user, networks[0], now);
            var knownUser = device is not null || isFamiliar ? user : null;
            var charged = device is not null ? [new CountKey(CountKind.Device, device, user)] : KeysOf(user, networks, isFamiliar);
            var wait = TimeSpan.Zero;
            var awaitsOthers = false;
            foreach (var key in charged)
            {
                var count = CountOf(key, now);
                if (count.BlockedUntil(key.Kind) - now is { } rest && rest > wait)
                    wait = rest;
                awaitsOthers |= count.AwaitsOthers(key.Kind);
            }
            if (wait > TimeSpan.Zero)
                return new CountedAttempt([], user, networks[0], wait);
            if (awaitsOthers)
                return new CountedAttempt([], user, networks[0], UnsettledWait) { AwaitsOthers = true };
            foreach (var key in charged)
                counts[key] = CountOf(key, now).Begun();
            return new CountedAttempt(charged, user, networks[0], TimeSpan.Zero) { KnownUser = knownUser };
        }
    }

    /// <summary>
    /// Settles an attempt with a correct password. Resets the counts of this client, but not the counts of other clients.
    /// </summary>
    public void Succeeded(CountedAttempt attempt)
    {
        var now = Now;
        lock (sync)
        {
            Settle(attempt, count => count.Ended());
            var addressAndUser = new CountKey(CountKind.AddressAndUser, attempt.Network, attempt.Username);
            foreach (var key in attempt.Charged.Where(key => key.Kind == CountKind.Device).Append(addressAndUser))
            {
                if (counts.TryGetValue(key, out var count))
                    Keep(key, count with { Failures = 0 });
            }
            familiar.Add(attempt.Username, attempt.Network, now);
        }
    }

    /// <summary>Settles an attempt with a wrong password.</summary>
    public void Failed(CountedAttempt attempt)
    {
        var now = Now;
        lock (sync)
            Settle(attempt, count => count.Ended().Failed(now));
    }

    /// <summary>Settles an attempt whose password was not compared.</summary>
    public void PayBack(CountedAttempt attempt)
    {
        lock (sync)
            Settle(attempt, count => count.Ended());
    }

    private void Settle(CountedAttempt attempt, Func<Count, Count> change)
    {
        foreach (var key in attempt.Charged)
            Keep(key, change(counts.GetValueOrDefault(key)));
        if (waiting.Count == 0)
            return;
        settled.SetResult();
        settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void Keep(CountKey key, Count count)
    {
        if (count.IsEmpty)
            counts.Remove(key);
        else
            counts[key] = count;
    }

    private bool TryAddWaiting(string network)
    {
        var here = waiting.GetValueOrDefault(network);
        if (here >= MaxWaitingPerNetwork || waiting.Values.Sum() >= MaxWaiting)
            return false;
        waiting[network] = here + 1;
        return true;
    }

    private void RemoveWaiting(string network)
    {
        lock (sync)
        {
            if (waiting[network] > 1)
                waiting[network]--;
            else
                waiting.Remove(network);
        }
    }

    private Count CountOf(CountKey key, TimeSpan now) =>
        !counts.TryGetValue(key, out var count) ? default
        : count.LastFailure + ResetAfter <= now ? count with { Failures = 0 }
        : count;

    /// <summary>
    /// Returns the counts for an attempt without a known device. For a familiar address, these are only the counts of the address itself,
    /// because other customers can have the rest of a wider prefix.
    /// </summary>
    private static List<CountKey> KeysOf(string user, IReadOnlyList<string> networks, bool isFamiliar)
    {
        List<CountKey> keys = [];
        for (var i = 0; i < (isFamiliar ? 1 : networks.Count); i++)
        {
            keys.Add(new CountKey(AddressAndUserKinds[i], networks[i], user));
            keys.Add(new CountKey(AddressKinds[i], networks[i], ""));
        }
        if (!isFamiliar)
            keys.Add(new CountKey(CountKind.User, "", user));
        return keys;
    }

    private void Sweep(TimeSpan now)
    {
        if (counts.Count < MostCounts && now - swept < ResetAfter)
            return;
        swept = now;
        foreach (var (key, count) in counts)
        {
            if (count.Unsettled == 0 && count.LastFailure + ResetAfter <= now)
                counts.Remove(key);
        }
        // Only an attacker with thousands of addresses can cause so many counts. Familiar addresses and known devices are not affected.
        if (counts.Count < MostCounts)
            return;
        foreach (var (key, _) in counts.OrderBy(pair => pair.Value.LastFailure).Take(MostCounts / 10).ToList())
            counts.Remove(key);
    }
}
