using Porthor.Secrets;
using Porthor.Server.Values;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Identifies users with Porthor's own login form. The browser is redirected to the form, and the form completes the login, so there is no
/// code to redeem.
/// </summary>
internal sealed class LocalLoginProvider : ILoginProvider
{
    public Task<LoginAttempt> PrepareAsync(CancellationToken cancellationToken) => Task.FromResult(LoginAttempt.Create());

    public string AddressFor(LoginAttempt attempt) => Routes.LoginForm;

    public Task<LoginIdentity> RedeemAsync(string code, LoginAttempt attempt, CancellationToken cancellationToken) =>
        Task.FromException<LoginIdentity>(
            LoginFailure.WrongState("There is no code for this login, please start over").ToException());

    public Task RevokeAsync(Secret providerToken, CancellationToken cancellationToken) => Task.CompletedTask;
}
