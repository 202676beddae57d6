using System.Net;
using Porthor.Secrets;

namespace Porthor.Server.Login.Local;

/// <summary>Decides whether somebody who types a username and a password is that user.</summary>
internal sealed class LocalLogin(LocalAccounts accounts, LoginThrottle throttle, PasswordCheck passwords, Fernet fernet)
{
    /// <param name="deviceCookie">What the browser kept from an earlier login; null for nothing.</param>
    public async Task<LocalLoginOutcome> TryAsync(
        string username, string password, IPAddress? address, string? deviceCookie, CancellationToken cancellationToken)
    {
        var (user, iterations) = accounts.Find(username);
        var mark = KnownDeviceCookie.TryRead(deviceCookie, fernet);
        if (mark?.IsFor(user) != true)
            mark = null;
        var attempt = await throttle.BeginAsync(username, address, mark?.Nonce, cancellationToken);
        if (attempt.IsRefused)
            return new LocalLoginOutcome(LocalLoginResult.TooManyFailures, user) { Wait = attempt.Wait };
        bool? matches = null;
        try
        {
            matches = await passwords.MatchesAsync(user?.Password, password, iterations, attempt.KnownUser, cancellationToken);
        }
        finally
        {
            // Not looked at, because of too many others or because nobody waits for it any more.
            if (matches is null)
                throttle.PayBack(attempt);
        }
        if (matches is null)
            return new LocalLoginOutcome(LocalLoginResult.Busy, user) { Wait = PasswordCheck.BusyFor };
        if (matches is false)
        {
            throttle.Failed(attempt);
            return new LocalLoginOutcome(LocalLoginResult.Wrong, user);
        }
        throttle.Succeeded(attempt);
        return new LocalLoginOutcome(LocalLoginResult.Right, user) { DeviceCookie = (mark ?? KnownDeviceCookie.For(user!)).Write(fernet) };
    }
}

internal enum LocalLoginResult
{
    Right,

    /// <summary>The username or the password; which, nobody is told.</summary>
    Wrong,

    TooManyFailures,

    /// <summary>Too many others at the same time.</summary>
    Busy,
}

/// <param name="User">Whose name was typed, for the log; null if it is nobody's. Only <see cref="LocalLoginResult.Right"/> says that it was them.</param>
internal sealed record LocalLoginOutcome(LocalLoginResult Result, LocalUser? User)
{
    /// <summary>After which time another attempt is worth it.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>What the browser is to keep; null if it was not right.</summary>
    public string? DeviceCookie { get; init; }

    public override string ToString() => $"{Result}";
}
