using Porthor.Identity;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Server.Login.Local;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>An attack on logins by many clients with changing addresses, and hashes with the cost of production.</summary>
public sealed class LoginAttackTests
{
    private const int Attackers = 24;
    private const int Logins = 6;

    [Fact]
    public async Task Known_devices_and_familiar_addresses_log_in_while_24_clients_guess()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, Configure);
        var (device, familiar) = (new FormBrowser(server), new FormBrowser(server));
        foreach (var browser in (FormBrowser[])[device, familiar])
            (await browser.LogInAsync("alice")).StatusCode.ShouldBe(303);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var overloaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var attack = Task.WhenAll(Enumerable.Range(0, Attackers).Select(i => GuessAsync(server, i, overloaded, end.Token)));
        try
        {
            await overloaded.Task.WaitAsync(TimeSpan.FromMinutes(1), end.Token);
            for (var i = 0; i < Logins; i++)
            {
                // The known device at a new address, and the familiar address with a new browser.
                var traveling = new FormBrowser(
                    server)
                { Cookies = { [KnownDeviceCookie.CookieName] = device.Cookies[KnownDeviceCookie.CookieName] } };
                (await traveling.LogInAsync("alice")).StatusCode.ShouldBe(303);
                (await new FormBrowser(server, address: familiar.Address).LogInAsync("alice")).StatusCode.ShouldBe(303);
            }
        }
        finally
        {
            await end.CancelAsync();
            await attack;
        }
    }

    private static async Task GuessAsync(TestServer server, int attacker, TaskCompletionSource overloaded, CancellationToken end)
    {
        var first = new FormBrowser(server);
        var form = await first.OpenFormAsync();
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            var next = new FormBrowser(server, address: $"2001:db8:{attacker:x}{i % 256:x2}:{i / 256:x}::1");
            foreach (var (name, value) in first.Cookies)
                next.Cookies[name] = value;
            if ((await next.SubmitAsync(form, $"user-{attacker}-{i}", "wrong")).StatusCode == 503)
                overloaded.TrySetResult();
        }
    }

    private static PorthorSettings Configure(PorthorSettings settings) => LocalLoginServers.With(settings) with
    {
        Providers = new ProviderSettings
        {
            LocalUsers = [new LocalUser(
                "alice", new UserData { Groups = [new Group("staff", 3000)] }, PasswordHash.Of(LocalLoginServers.Password))],
        },
    };
}
