using System.Diagnostics;
using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Failures;

/// <summary>
/// Injects network failures between the server and the user directory. Proxies receive an answer in time about users who must be looked up,
/// requests about other users are not delayed, and the server recovers within a second. The answers for each user are tested in
/// <c>OutageTests</c>.
/// </summary>
public sealed class DirectoryFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    public static TheoryData<NetworkFault> NetworkFaults => [.. Enum.GetValues<NetworkFault>()];

    [Theory]
    [MemberData(nameof(NetworkFaults))]
    public async Task Proxies_are_answered_in_time_when_the_directory_fails(NetworkFault fault)
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        var tree = await LdapTree.CreateAsync();
        await using var wire = new FaultInjectingProxy((await RealServers.Instance.LdapAsync()).Port);
        await using var server = await TestServer.StartAsync(Mode.Embedded, settings => settings with
        {
            AnswerTimeout = RouteGroups.AnswerTimeout,
            Providers = new ProviderSettings { Ldap = tree.Settings with { Url = $"ldap://127.0.0.1:{wire.Port}/" } },
        });
        var users = 0;
        // The user was never looked up, so the directory must answer.
        async Task<Answer> AuthorizeNewUserAsync()
        {
            var name = $"user{Interlocked.Increment(ref users)}";
            await tree.AddUserAsync(name, mail: $"{name}@example.com");
            return await AuthorizeAsync(server, (await server.Tokens.SessionForAsync(name, userData: UserData.None)).Record.Token);
        }
        var userInToken = (await server.Tokens.SessionForAsync("told")).Record.Token;
        (await AuthorizeNewUserAsync()).Header("X-Auth-Request-Email").ShouldBe("user1@example.com");

        fault.Begin(wire);
        var begun = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => AuthorizeNewUserAsync()));
        var duration = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"{string.Join(' ', answers.Select(answer => answer.StatusCode))} after {duration.TotalMilliseconds:F0} ms");
        foreach (var answer in answers)
            answer.StatusCode.ShouldBeOneOf(fault is NetworkFault.Reset or NetworkFault.HalfOpen ? [200, 503] : [503]);
        duration.ShouldBeLessThan(RouteGroups.AnswerTimeout + Tolerance);
        // A user whose data is in the token needs no directory.
        (await AuthorizeAsync(server, userInToken)).StatusCode.ShouldBe(200);

        wire.RemoveFailures();
        var healed = Stopwatch.GetTimestamp();
        await RealServers.WaitUntilAsync(async () => (await AuthorizeNewUserAsync()).StatusCode.ShouldBe(200), "a new user to be allowed");
        var recovered = Stopwatch.GetElapsedTime(healed);
        output.WriteLine($"recovered after {recovered.TotalMilliseconds:F0} ms");
        recovered.ShouldBeLessThan(TimeSpan.FromSeconds(1) + Tolerance);
    }

    private static Task<Answer> AuthorizeAsync(TestServer server, Token token) => server.GetAsync(
        "/ingress/auth", ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), TestServer.Bearer(token));
}
