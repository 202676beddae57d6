using Microsoft.Extensions.DependencyInjection;
using Porthor.Server.Login.Local;
using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login.Local;

public sealed partial class GuessingTests
{
    /// <summary>Counts the work instead of measuring the time: a password check has the same cost for every name.</summary>
    [Fact]
    public async Task Every_password_check_has_the_same_cost()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, LocalLoginServers.With);
        using var work = new MeasuredCount(server.Core.Metrics, "porthor.password.work");
        // Alice's hash has more iterations than the others.
        foreach (var (name, password) in (IEnumerable<(string, string)>)[
            ("alice", LocalLoginServers.Password), ("alice", "wrong"), ("bob", LocalLoginServers.Password), ("bob", "wrong"), ("bob", ""),
            ("nobody", LocalLoginServers.Password), ("no name!", "wrong"), ("", ""), ("scopeless", LocalLoginServers.Password)])
        {
            var before = work.Total;
            _ = await new FormBrowser(server).LogInAsync(name, password);
            (work.Total - before).ShouldBe(LocalLoginServers.Iterations, $"{name} {password}");
        }

        // Attempts that are rejected before the check cost nothing.
        var total = work.Total;
        var browser = new FormBrowser(server);
        var form = await browser.OpenFormAsync();
        (await browser.PostAsync([("state", "x"), ("username", "bob"), ("password", LocalLoginServers.Password)])).StatusCode.ShouldBe(403);
        (await browser.SubmitAsync(form, "bob")).StatusCode.ShouldBe(303);
        work.Total.ShouldBe(total);
    }

    /// <summary>Many concurrent logins wait in a short queue, so that other requests are not affected.</summary>
    [Fact]
    public async Task Too_many_concurrent_logins_are_rejected()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded, LocalLoginServers.With);
        var browser = new FormBrowser(server);
        var form = await browser.OpenFormAsync();
        var check = server.Services.GetRequiredService<PasswordCheck>();
        using var cancelled = new CancellationTokenSource();
        // One check takes long, and others wait for it.
        var first = check.MatchesAsync(hash: null, "x", 3_000_000, knownUser: null, CancellationToken.None);
        List<Task<bool?>> waiting = [];
        for (var i = 0; i < 100; i++)
            waiting.Add(check.MatchesAsync(hash: null, "x", 600_000, knownUser: null, cancelled.Token));
        var rejected = waiting.Where(task => task.IsCompletedSuccessfully).ToList();
        rejected.Count.ShouldBeGreaterThan(50);
        foreach (var task in rejected)
            (await task).ShouldBeNull();

        var busy = await browser.SubmitAsync(form, "peggy");
        (busy.StatusCode, busy.Header("Retry-After")).ShouldBe((503, "2"));
        busy.Body.ShouldContain("Too many users are logging in at the moment.");
        // Cancelled attempts free their places, and attempts without a check count for nobody.
        await cancelled.CancelAsync();
        (await first).ShouldBe(false);
        foreach (var task in waiting.Except(rejected))
            await Should.ThrowAsync<OperationCanceledException>(() => task);
        await FailAsync(browser, form, "peggy", 4);
        (await browser.SubmitAsync(form, "peggy")).StatusCode.ShouldBe(303);
    }
}
