using System.Globalization;
using System.Net;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Values;

namespace Porthor.Server.Tests.Hostile;

/// <summary>A user with thousands of tokens must not make the process use much memory, with any page and any number of requests.</summary>
public sealed class PageMemoryTests
{
    private const int Tokens = 6000;
    private const int Parallel = 20;
    private const long MaxBytes = 300L * 1024 * 1024;

    [Theory, EmbeddedAndCluster]
    public async Task Lists_of_a_user_with_thousands_of_tokens_take_little_memory(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        var core = await deployment.OpenNodeAsync();
        await core.CreateManyAsync("hoarder", Tokens, core.Clock.GetSecondsNow());
        var session = await core.Tokens.SessionForAsync("hoarder");
        var state = new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = session.Record.Token };
        var cookie = $"{SessionCookie.Name}={core.SessionCookie.Write(state)}";
        await using var program = await PorthorProgram.ForAsync(deployment, "answerTimeout: 20\napiTimeout: 60");
        if (mode == Mode.Embedded)
            program.Variables["PORTHOR_SESSION_SECRET"] = core.SessionKeys[0].Reveal();
        using var server = await ServingProgram.StartAsync(program, withMetrics: false);
        foreach (var (path, minimum) in ((string, int)[])[
            ("/auth/tokens", 30_000), ("/auth/tokens/history", 10_000), ("/auth/api/v1/users/hoarder/tokens", 1_000_000),
            ("/auth/api/v1/users/hoarder/token-change-history", 1_000_000)])
        {
            for (var i = 0; i < 3; i++)
            {
                var lengths = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => LengthAsync(server, path, cookie)));
                lengths.ShouldAllBe(length => length > minimum);
            }
            PeakBytes(server.Program.Id).ShouldBeLessThan(MaxBytes, path);
        }
    }

    private static async Task<long> LengthAsync(ServingProgram server, string path, string cookie)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Cookie", cookie);
            using var answer = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            // On a busy machine a store may not respond in time; then the client tries again.
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable && attempt < 20)
                continue;
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            await using var body = await answer.Content.ReadAsStreamAsync();
            var buffer = new byte[16 * 1024];
            long length = 0;
            while (await body.ReadAsync(buffer) is > 0 and var count)
                length += count;
            return length;
        }
    }

    /// <summary>Returns the peak resident memory of a process.</summary>
    private static long PeakBytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
