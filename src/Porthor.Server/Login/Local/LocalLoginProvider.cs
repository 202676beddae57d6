using Porthor.Secrets;

namespace Porthor.Server.Login.Local;

/// <summary>
/// This service itself says who somebody is. The browser is sent to the form, which ends the login; there is no code to come back
/// with.
/// </summary>
internal sealed class LocalLoginProvider : ILoginProvider
{
    public Task<LoginAttempt> PrepareAsync(CancellationToken cancellationToken) => Task.FromResult(LoginAttempt.Create());

    public string AddressFor(LoginAttempt attempt) => LocalLoginEndpoints.Path;

    public Task<LoginIdentity> RedeemAsync(string code, LoginAttempt attempt, CancellationToken cancellationToken) =>
        throw LoginFailure.WrongState("There is no code for this login, please start over").ToException();

    public Task RevokeAsync(Secret providerToken, CancellationToken cancellationToken) => Task.CompletedTask;
}
