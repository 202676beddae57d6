using System.Net;
using Porthor.Secrets;
using Porthor.Server.Accounts;

namespace Porthor.Server.Login.Local;

/// <summary>Verifies the username and password of a login.</summary>
internal sealed class LocalLogin(LocalAccounts accounts, LoginThrottle throttle, PasswordCheck passwords, Fernet fernet)
{
    /// <param name="deviceCookie">The cookie of an earlier login in this browser; null if there is none.</param>
    public async Task<LocalLoginOutcome> TryAsync(
        string username, string password, IPAddress? address, string? deviceCookie, CancellationToken cancellationToken)
    {
        var (user, iterations) = accounts.Find(username);
        var device = KnownDeviceCookie.TryRead(deviceCookie, fernet);
        if (device?.IsFor(user) != true)
            device = null;
        var attempt = await throttle.BeginAsync(username, address, device?.Nonce, cancellationToken);
        if (attempt.IsRefused)
            return new LocalLoginOutcome(LocalLoginResult.TooManyFailures, user) { Wait = attempt.Wait };
        bool? matches = null;
        try
        {
            matches = await passwords.MatchesAsync(user?.Password, password, iterations, attempt.KnownUser, cancellationToken);
        }
        finally
        {
            // In this case the password was not compared: too many attempts wait, or the client has disconnected.
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
        var cookie = (device ?? KnownDeviceCookie.For(user!)).Write(fernet);
        return new LocalLoginOutcome(LocalLoginResult.Right, user) { DeviceCookie = cookie };
    }
}

/// <summary>Specifies the result of a login attempt.</summary>
internal enum LocalLoginResult
{
    Right,

    /// <summary>The username or the password is wrong. The response does not reveal which.</summary>
    Wrong,

    TooManyFailures,

    /// <summary>Too many other attempts are waiting.</summary>
    Busy,
}

/// <summary>Represents the result of a login attempt.</summary>
/// <param name="Result">The result.</param>
/// <param name="User">
/// The user with the given name, for the log; null if there is none. Only <see cref="LocalLoginResult.Right"/> means that the user is
/// authenticated.
/// </param>
internal sealed record LocalLoginOutcome(LocalLoginResult Result, LocalUser? User)
{
    /// <summary>Gets the time after which the client may try again.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>Gets the cookie for the browser; null if the login failed.</summary>
    public string? DeviceCookie { get; init; }

    public override string ToString() => $"{Result}";
}
