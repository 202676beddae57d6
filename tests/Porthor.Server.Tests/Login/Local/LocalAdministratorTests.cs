using Porthor.Server.Accounts;
using Porthor.Server.Login.Local;
using Porthor.Server.Platform;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>The only user of an embedded deployment without configured users.</summary>
public sealed class LocalAdministratorTests
{
    [Fact]
    public async Task The_administrator_logs_in_with_the_password_of_the_first_start()
    {
        await using var server = await StartAsync();
        var administrator = LocalAdministrator.Of(server.Core.DataDirectory, server.Core.Settings)!;
        // Before the first start has finished there is no user, and responses do not reveal this.
        (await new FormBrowser(server).LogInAsync("admin", "")).StatusCode.ShouldBe(403);

        var password = administrator.CreateIfMissing()!.Reveal();
        password.ShouldMatch(@"\A([a-hj-km-np-z2-9]{6}-){3}[a-hj-km-np-z2-9]{6}\z");
        var browser = new FormBrowser(server);
        (await browser.LogInAsync("admin", password)).StatusCode.ShouldBe(303);
        var login = (await browser.GetAsync("/auth/api/v1/login")).Json;
        login.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(
            server.Core.Settings.Tokens.KnownScopes.Keys, ignoreOrder: true);
        (await browser.GetAsync("/auth/api/v1/user-info")).Json.GetProperty("groups")[0].GetProperty("name").GetString().ShouldBe("admins");
        (await new FormBrowser(server).LogInAsync("admin", password.ToUpperInvariant())).StatusCode.ShouldBe(403);
        (await new FormBrowser(server).LogInAsync("alice", password)).StatusCode.ShouldBe(403);

        // The administrator is created once. Only the hash is stored, readable only by its owner.
        administrator.CreateIfMissing().ShouldBeNull();
        var file = Path.Combine(server.Core.DataDirectory!.Path, "local-admin");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        PasswordHash.TryParse((await File.ReadAllTextAsync(file)).TrimEnd('\n'), out _)!.Matches(password).ShouldBeTrue();
        server.Logs.Raw.ShouldNotContain(line => line.Contains(password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_new_password_applies_at_once_on_a_running_server()
    {
        await using var server = await StartAsync();
        var administrator = LocalAdministrator.Of(server.Core.DataDirectory, server.Core.Settings)!;
        var first = administrator.CreateIfMissing()!.Reveal();
        var browser = new FormBrowser(server);
        (await browser.LogInAsync("admin", first)).StatusCode.ShouldBe(303);
        var mark = browser.Cookies[KnownDeviceCookie.CookieName];

        var second = administrator.Reset().Reveal();
        File.GetUnixFileMode(Path.Combine(server.Core.DataDirectory!.Path, "local-admin")).ShouldBe(
            UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await browser.LogInAsync("admin", first)).StatusCode.ShouldBe(403);
        (await browser.LogInAsync("admin", second)).StatusCode.ShouldBe(303);
        // The browser gets a new device cookie: knowing the old password gives no advantage.
        browser.Cookies[KnownDeviceCookie.CookieName].ShouldNotBe(mark);
    }

    [Fact]
    public async Task A_file_without_a_hash_is_rejected_and_not_replaced()
    {
        await using var server = await StartAsync();
        var file = Path.Combine(server.Core.DataDirectory!.Path, "local-admin");
        await File.WriteAllTextAsync(file, "spoilt");
        var administrator = LocalAdministrator.Of(server.Core.DataDirectory, server.Core.Settings)!;
        Should.Throw<StartException>(() => administrator.CreateIfMissing()).Message
            .ShouldBe(
                $"The file local-admin in {server.Core.DataDirectory.Path} does not contain a password hash; 'porthor local-admin "
                    + $"reset-password' creates a new one.");
        (await new FormBrowser(server).LogInAsync("admin", "spoilt")).StatusCode.ShouldBe(500);
        (await File.ReadAllTextAsync(file)).ShouldBe("spoilt");
    }

    [Fact]
    public async Task With_configured_users_there_is_no_administrator()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, LocalLoginServers.With);
        LocalAdministrator.Of(server.Core.DataDirectory, server.Core.Settings).ShouldBeNull();
    }

    /// <summary>Starts a server without a configuration, with the default group mapping.</summary>
    private static Task<TestServer> StartAsync() => TestServer.StartAsync(
        Mode.Embedded, settings =>
            settings with { GroupMapping = Server.Configuration.DefaultGroups.Mapping(settings.Tokens.KnownScopes.Keys) });
}
