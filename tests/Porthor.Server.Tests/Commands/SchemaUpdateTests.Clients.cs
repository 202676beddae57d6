using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

public sealed partial class SchemaUpdateTests
{
    private const string Clients =
        """[{"id":"one.clients","secret":"first secret","return_uri":"https://one.example/"},"""
            + """{"id":"two.clients","secret":"second","return_uri":"https://two.example/x"}]""";

    /// <summary>CLI-009.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task OIDC_clients_of_old_releases_are_imported_once_with_their_secrets(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        program.Variables["PORTHOR_OIDC_SERVER_CLIENTS"] = Clients;
        program.Variables["PORTHOR_OIDC_SERVER_KEY"] = (await program.RunAsync("generate-key")).Output;
        program.Configure(
            """
            baseUrl: https://example.com/
            github:
              clientId: some-client
            oidcServer:
              enabled: true
              issuer: https://example.com/
              clientSuffix: .clients
            knownScopes:
              "admin:token": a
              "admin:userinfo": b
              "user:token": c
            """);
        // In embedded mode only 'init' creates a deployment.
        if (mode == Mode.Embedded)
            (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        for (var run = 0; run < 2; run++)
        {
            var updated = await program.RunAsync("update-schema");
            updated.ExitCode.ShouldBe(0, updated.Errors);
            updated.Errors.Contains(
                "OpenID Connect clients already found in the database, so not migrating clients configured via a secret",
                StringComparison.Ordinal)
                .ShouldBe(run > 0);
            updated.Errors.ShouldNotContain("first secret");
        }
        var node = await deployment.OpenNodeAsync();
        var clients = await node.Sql.OidcClients.ListAsync(TestContext.Current.CancellationToken);
        clients.Select(client => (client.ClientId, client.ReturnUri, client.Notes, client.LastModifiedBy)).ShouldBe(
            [("one.clients", "https://one.example/", null, "<internal>"), ("two.clients", "https://two.example/x", null, "<internal>")]);
        clients.ShouldAllBe(client => client.Description.StartsWith("Migrated from secret on 20") && client.Created == client.LastModified);
        foreach (var (client, secret) in clients.Zip(["first secret", "second"]))
        {
            var hash = Encoding.ASCII.GetString(client.SecretHash);
            hash.ShouldStartWith("$2b$12$");
            BCrypt.Net.BCrypt.Verify(secret, hash).ShouldBeTrue();
            BCrypt.Net.BCrypt.Verify(secret + "x", hash).ShouldBeFalse();
        }
    }
}
