using System.Diagnostics;
using Porthor.Identity;
using Porthor.Server.Configuration;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Faults;

/// <summary>
/// Whatever ails the wire to the directory of users: a proxy is answered in time about somebody who has to be looked up there, others
/// are not held up, and a second after the fault is gone all is well. What happens to whom is <c>OutageTests</c>' business.
/// </summary>
public sealed class DirectoryFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    public static TheoryData<NetworkFault> Ailments => [.. Enum.GetValues<NetworkFault>()];

    [Theory]
    [MemberData(nameof(Ailments))]
    public async Task However_the_directory_ails_proxies_are_answered_in_time(NetworkFault ailment)
    {
        Prerequisites.SkipWhen(Prerequisites.WhyNotLdap);
        var tree = await LdapTree.PlantAsync();
        await using var wire = new FaultyWire((await RealServers.Instance.LdapAsync()).Port);
        await using var server = await TestServer.StartAsync(Mode.Embedded, settings => settings with
        {
            AnswerTimeout = RouteGroups.AnswerTimeout,
            Providers = new ProviderSettings { Ldap = tree.Settings with { Url = $"ldap://127.0.0.1:{wire.Port}/" } },
        });
        var strangers = 0;
        // Somebody who was never looked up, so that the directory has to answer.
        async Task<Answer> AskAboutStrangerAsync()
        {
            var name = $"stranger{Interlocked.Increment(ref strangers)}";
            await tree.AddUserAsync(name, mail: $"{name}@example.com");
            return await AskAsync(server, (await server.Tokens.SessionForAsync(name, userData: UserData.None)).Record.Token);
        }
        var told = (await server.Tokens.SessionForAsync("told")).Record.Token;
        (await AskAboutStrangerAsync()).Header("X-Auth-Request-Email").ShouldBe("stranger1@example.com");

        ailment.Begin(wire);
        var begun = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => AskAboutStrangerAsync()));
        var took = Stopwatch.GetElapsedTime(begun);
        output.WriteLine($"{string.Join(' ', answers.Select(answer => answer.StatusCode))} after {took.TotalMilliseconds:F0} ms");
        foreach (var answer in answers)
            answer.StatusCode.ShouldBeOneOf(ailment is NetworkFault.Reset or NetworkFault.HalfOpen ? [200, 503] : [503]);
        took.ShouldBeLessThan(RouteGroups.AnswerTimeout + Slack);
        // What the token tells needs no directory.
        (await AskAsync(server, told)).StatusCode.ShouldBe(200);

        wire.Heal();
        var healed = Stopwatch.GetTimestamp();
        await RealServers.UntilAsync(async () => (await AskAboutStrangerAsync()).StatusCode.ShouldBe(200), "a stranger to pass");
        var recovered = Stopwatch.GetElapsedTime(healed);
        output.WriteLine($"recovered after {recovered.TotalMilliseconds:F0} ms");
        recovered.ShouldBeLessThan(TimeSpan.FromSeconds(1) + Slack);
    }

    private static Task<Answer> AskAsync(TestServer server, Token token) => server.GetAsync(
        "/ingress/auth", ("X-Original-URL", "https://example.com/"), ("X-Original-Method", "GET"), TestServer.Bearer(token));
}
