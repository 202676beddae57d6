using Porthor.Testing;

namespace Porthor.Server.Tests.OpenIdConnect;

/// <summary><c>porthor delete-all-data</c> deletes authorization codes (contract/configuration.md 8).</summary>
public sealed class DeletedCodesTests
{
    [Theory, EveryMode]
    public async Task Codes_are_deleted_with_all_data(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = OpenIdServers.WithProvider(deployment.Settings);
        var core = await deployment.OpenNodeAsync();
        await core.AuthorizationCodes.TryAddAsync("oidc:some-key", [1], TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
        await using var program = await PorthorProgram.ForAsync(
            deployment,
            """
            oidcServer:
              enabled: true
              issuer: "https://example.com/"
              clientSuffix: ""
            """);
        program.Variables["PORTHOR_OIDC_SERVER_KEY"] = OpenIdServers.Provider.Key.Reveal();
        var outcome = await program.RunAsync("delete-all-data", "--yes", "--verbose");
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
        outcome.Errors.ShouldContain("Truncating all tables");
        outcome.Errors.Contains("Deleting all OpenID Connect codes from Redis", StringComparison.Ordinal).ShouldBe(mode == Mode.Cluster);
        (await core.AuthorizationCodes.GetAsync("oidc:some-key", TestContext.Current.CancellationToken)).ShouldBeNull();
    }

    /// <summary>Without the provider, the ephemeral Redis may belong to another program, and is not changed.</summary>
    [Fact]
    public async Task Without_the_provider_Redis_is_not_changed()
    {
        Prerequisites.SkipWithout(Mode.Cluster);
        await using var deployment = await Deployment.CreateAsync(Mode.Cluster);
        deployment.Settings = OpenIdServers.WithProvider(deployment.Settings);
        var core = await deployment.OpenNodeAsync();
        await core.AuthorizationCodes.TryAddAsync("oidc:some-key", [1], TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
        await using var program = await PorthorProgram.ForAsync(deployment);
        var outcome = await program.RunAsync("delete-all-data", "--yes");
        outcome.ExitCode.ShouldBe(0, outcome.Errors);
        (await core.AuthorizationCodes.GetAsync("oidc:some-key", TestContext.Current.CancellationToken)).ShouldNotBeNull();
    }
}
