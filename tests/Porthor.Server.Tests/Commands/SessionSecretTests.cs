using Porthor.Secrets;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Commands;

/// <summary>A session secret that does not match the data is rejected at startup, instead of 401 for every token.</summary>
public sealed class SessionSecretTests
{
    private static readonly FernetKey Old = FernetKey.Create();
    private static readonly FernetKey New = FernetKey.Create();

    [Theory, EmbeddedAndCluster]
    public async Task The_server_and_commands_reject_another_secret(Mode mode)
    {
        await using var deployment = await DeploymentAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        UseSecrets(program, Old);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        var key = await CreateTokenAsync(program);

        UseSecrets(program, New);
        foreach (var verb in (string[][])[["run", "--port", "0"], ["token", "list"], ["audit", "--fix"], ["maintenance"],
            ["rotate-session-secret"], ["rotate-session-secret", "--force"], ["init"]])
        {
            var refused = await program.RunAsync(verb);
            refused.ExitCode.ShouldBe(1, string.Join(' ', verb));
            refused.Errors.ShouldContain(
                $"Error: Token records of this deployment are encrypted with the session secret {Old.Id}, and the configuration "
                    + $"has {New.Id}. ");
        }

        // With the correct secret nothing has changed.
        UseSecrets(program, Old);
        (await program.RunAsync("token", "list")).Output.ShouldStartWith(key.Value);
        var audit = await program.RunAsync("audit", "--strict");
        (audit.ExitCode, audit.Output).ShouldBe((0, ""));

        // If the secret is lost, all data can be deleted, and a new secret is accepted.
        UseSecrets(program, New);
        (await program.RunAsync("delete-all-data", "--yes")).ExitCode.ShouldBe(0);
        await CreateTokenAsync(program);
        UseSecrets(program, Old);
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(1);
    }

    /// <summary>The steps of keys.md, also without each optional step.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task The_old_secret_is_needed_until_the_rotation_is_complete(Mode mode)
    {
        await using var deployment = await DeploymentAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        UseSecrets(program, Old);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        var key = await CreateTokenAsync(program);

        // The node had the new secret but did not encrypt with it, so it can be removed.
        UseSecrets(program, Old, New);
        await ServeAsync(program);
        UseSecrets(program, Old);
        await ServeAsync(program);

        // The node encrypted with it, so neither secret can be removed.
        UseSecrets(program, New, Old);
        await ServeAsync(program);
        foreach (var only in (FernetKey[])[New, Old])
        {
            UseSecrets(program, only);
            var refused = await program.RunAsync("run", "--port", "0");
            refused.ExitCode.ShouldBe(1);
            refused.Errors.ShouldContain(
                $"encrypted with the session secret {(only == New ? Old : New).Id}, and the configuration has {only.Id}. ");
        }

        UseSecrets(program, New, Old);
        (await program.RunAsync("rotate-session-secret")).ExitCode.ShouldBe(0);
        UseSecrets(program, New);
        await ServeAsync(program);
        (await program.RunAsync("token", "list")).Output.ShouldStartWith(key.Value);
        UseSecrets(program, Old);
        (await program.RunAsync("run", "--port", "0")).ExitCode.ShouldBe(1);
    }

    [Theory, EmbeddedAndCluster]
    public async Task A_lost_old_secret_can_be_removed_with_force(Mode mode)
    {
        await using var deployment = await DeploymentAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        UseSecrets(program, Old);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        await CreateTokenAsync(program);
        UseSecrets(program, New, Old);
        await ServeAsync(program);
        UseSecrets(program, New);
        (await program.RunAsync("rotate-session-secret")).ExitCode.ShouldBe(1);
        (await program.RunAsync("rotate-session-secret", "--force")).Errors.ShouldContain(
            "\n1 records cannot be decrypted with any of the secrets; 'porthor audit' lists them.\n");
        await ServeAsync(program);
    }

    /// <summary>A deployment of Gafaelfawr, or of a version that stored no fingerprint.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task Without_a_fingerprint_the_records_decide(Mode mode)
    {
        await using var deployment = await DeploymentAsync(mode);
        var core = await deployment.OpenNodeAsync();
        for (var i = 0; i < 5; i++)
            await core.Tokens.SessionForAsync($"user{i}");
        await using var program = await PorthorProgram.ForAsync(deployment);
        UseSecrets(program, New);
        foreach (var verb in (string[][])[["run", "--port", "0"], ["token", "list"]])
        {
            var refused = await program.RunAsync(verb);
            refused.ExitCode.ShouldBe(1);
            refused.Errors.ShouldContain(
                "Error: The session secret does not belong to this deployment: it decrypts none of the 5 token records that were "
                    + "examined. ");
        }
        // The check stored no fingerprint.
        UseSecrets(program, Old);
        (await program.RunAsync("token", "list")).ExitCode.ShouldBe(0);
        UseSecrets(program, New);
        (await program.RunAsync("token", "list")).Errors.ShouldContain($"encrypted with the session secret {Old.Id}");
    }

    private static async Task<Deployment> DeploymentAsync(Mode mode)
    {
        var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings with { SessionKeys = [Old] };
        return deployment;
    }

    private static void UseSecrets(PorthorProgram program, params FernetKey[] keys) =>
        program.Variables["PORTHOR_SESSION_SECRET"] = string.Join(',', keys.Select(key => key.Reveal()));

    private static async Task<TokenKey> CreateTokenAsync(PorthorProgram program)
    {
        var created = await program.RunAsync("token", "create", "--username", "ann", "--scopes", "read:all");
        created.ExitCode.ShouldBe(0, created.Errors);
        return Token.Parse(created.Output.TrimEnd('\n')).Key;
    }

    private static async Task ServeAsync(PorthorProgram program)
    {
        using var serving = await ServingProgram.StartAsync(program, withMetrics: false);
        (await serving.Program.TerminateAsync()).ExitCode.ShouldBe(0);
    }
}
