using Microsoft.Extensions.Logging.Abstractions;
using Porthor.OpenIdConnect;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Failures;

// Changes of OpenID Connect clients.
public sealed partial class CompletionTests
{
    private static readonly ClientData SomeClient = new("https://app.example.com/cb", "An application", Notes: null);

    [Theory, EveryMode]
    public async Task A_started_change_of_a_client_is_completed_after_the_caller_cancels(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var admin = operations.Administrator;
        var (client, _) = await ChangeAsync((clients, cancellation) => clients.RegisterAsync(admin, SomeClient, cancellation));
        (await operations.Node.Sql.OidcClients.FindAsync(client.ClientId, Cancellation)).ShouldNotBeNull();

        var edited = SomeClient with { Description = "Edited" };
        (await ChangeAsync((clients, cancellation) => clients.UpdateAsync(admin, client.ClientId, edited, cancellation)))
            .ShouldNotBeNull().Description.ShouldBe("Edited");

        await ChangeAsync(async (clients, cancellation) =>
        {
            await clients.DeleteAsync(admin, client.ClientId, cancellation);
            return true;
        });
        (await operations.Node.Sql.OidcClients.FindAsync(client.ClientId, Cancellation)).ShouldBeNull();

        // A change that has not started is not made after the caller has cancelled.
        using var before = new CancellationTokenSource();
        await before.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(
            () => Registry(operations, operations.Node.Sql.OidcClients).RegisterAsync(admin, SomeClient, before.Token));
        (await operations.Node.Sql.OidcClients.ListAsync(Cancellation)).ShouldBeEmpty();

        // The caller cancels when the store is called.
        async Task<T> ChangeAsync<T>(Func<ClientRegistry, CancellationToken, Task<T>> change)
        {
            using var caller = new CancellationTokenSource();
            var store = Interceptor<IOidcClientStore>.Before(operations.Node.Sql.OidcClients, _ =>
            {
                caller.Cancel();
                return null;
            });
            return await change(Registry(operations, store), caller.Token);
        }
    }

    private static ClientRegistry Registry(Operations operations, IOidcClientStore store)
    {
        var options = new OpenIdOptions { Issuer = "https://example.com/", ClientSuffix = ".example.com", Lifetime = operations.Lifetime };
        return new(options, store, new ClientSecrets(operations.Clock), operations.Clock, NullLogger<ClientRegistry>.Instance);
    }
}
