using System.Net;
using Porthor.Secrets;
using Porthor.Sessions;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Commands;

/// <summary>Replaces the session secret while the service is running (docs/operators/keys.md).</summary>
public sealed class RotationTests
{
    private static readonly FernetKey Old = FernetKey.Create();
    private static readonly FernetKey New = FernetKey.Create();

    /// <summary>The complete procedure of an operator: both secrets, the rotation under load, and the new secret alone.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task A_secret_is_replaced_under_load_without_a_failed_request(Mode mode)
    {
        const int count = 400;
        await using var deployment = await DeploymentAsync(mode);
        var core = await deployment.OpenNodeAsync();
        List<Token> tokens = [];
        for (var i = 0; i < count; i++)
            tokens.Add((await core.Tokens.SessionForAsync($"user{i % 7}", "read:all,user:token")).Record.Token);
        await using var program = await PorthorProgram.ForAsync(deployment);
        UseSecrets(program, New, Old);
        using (var serving = await ServingProgram.StartAsync(program, withMetrics: false))
        {
            using var stopping = new CancellationTokenSource();
            var load = Enumerable.Range(0, 4).Select(seed => LoadAsync(serving, tokens, seed, stopping.Token)).ToList();

            var rotated = await program.RunAsync("rotate-session-secret");
            rotated.ExitCode.ShouldBe(0, rotated.Errors);
            rotated.Errors.ShouldEndWith(
                $"Encrypted {count} of {count} records with the first session secret ({New.Id}).\n"
                    + "All records can be decrypted with the first session secret. The other secrets can be removed.\n");
            // A repeated rotation re-encrypts nothing.
            (await program.RunAsync("rotate-session-secret")).Errors.ShouldContain("\nEncrypted 0 of ");

            await stopping.CancelAsync();
            var asked = await Task.WhenAll(load);
            asked.Sum().ShouldBeGreaterThan(100);
            // A browser's cookie that was encrypted with the old secret is still accepted.
            (await LoginStatusAsync(serving, tokens[0])).ShouldBe(HttpStatusCode.OK);
            (await serving.Program.TerminateAsync()).ExitCode.ShouldBe(0);
        }

        UseSecrets(program, New);
        using (var serving = await ServingProgram.StartAsync(program, withMetrics: false))
        {
            foreach (var token in tokens)
                (await serving.AuthorizeAsync(token, "?scope=read:all")).ShouldBe(HttpStatusCode.OK);
            // Only old cookies are invalid; their users sign in again.
            (await LoginStatusAsync(serving, tokens[0])).ShouldBe(HttpStatusCode.Unauthorized);
        }
        var audit = await program.RunAsync("audit", "--strict");
        (audit.ExitCode, audit.Output).ShouldBe((0, ""));
    }

    /// <summary>A rotation to a secret that a running node does not have would make all tokens invalid.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task A_rotation_that_would_invalidate_all_tokens_is_rejected(Mode mode)
    {
        await using var deployment = await DeploymentAsync(mode);
        var token = (await (await deployment.OpenNodeAsync()).Tokens.SessionForAsync("ann", "read:all")).Record.Token;
        await using var program = await PorthorProgram.ForAsync(deployment);
        UseSecrets(program, Old);
        using var serving = await ServingProgram.StartAsync(program, withMetrics: false);

        UseSecrets(program, New, Old);
        var refused = await program.RunAsync("rotate-session-secret");
        (refused.ExitCode, refused.Output).ShouldBe((1, ""));
        refused.Errors.ShouldContain($"do not have the first session secret ({New.Id})");
        (await serving.AuthorizeAsync(token, "?scope=read:all")).ShouldBe(HttpStatusCode.OK);

        // After that node has stopped, the rotation is allowed.
        (await serving.Program.TerminateAsync()).ExitCode.ShouldBe(0);
        (await program.RunAsync("rotate-session-secret")).ExitCode.ShouldBe(0);
    }

    private static async Task<Deployment> DeploymentAsync(Mode mode)
    {
        var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings with { SessionKeys = [Old] };
        return deployment;
    }

    private static void UseSecrets(PorthorProgram program, params FernetKey[] keys) =>
        program.Variables["PORTHOR_SESSION_SECRET"] = string.Join(',', keys.Select(key => key.Reveal()));

    /// <summary>Sends requests with one token after another and returns their number. Any status other than 200 fails the test.</summary>
    private static async Task<int> LoadAsync(ServingProgram serving, List<Token> tokens, int seed, CancellationToken stopping)
    {
        var random = new Random(seed);
        var asked = 0;
        while (!stopping.IsCancellationRequested)
        {
            (await serving.AuthorizeAsync(tokens[random.Next(tokens.Count)], "?scope=read:all")).ShouldBe(
                HttpStatusCode.OK, $"request {asked} of {seed}");
            asked++;
        }
        return asked;
    }

    private static async Task<HttpStatusCode> LoginStatusAsync(ServingProgram serving, Token token)
    {
        var cookie = new SessionCookie(new Fernet([Old], TimeProvider.System)).Write(new SessionState { Token = token, Csrf = "csrf" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/auth/api/v1/login");
        request.Headers.Add("Cookie", $"{SessionCookie.Name}={cookie}");
        using var answer = await serving.Client.SendAsync(request);
        return answer.StatusCode;
    }
}
