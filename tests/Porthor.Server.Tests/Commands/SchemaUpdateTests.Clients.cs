using System.Text;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

public sealed partial class SchemaUpdateTests
{
    private const string Clients =
        """[{"id":"one.clients","secret":"first secret","return_uri":"https://One.example"},"""
            + """{"id":"two.clients","secret":"second","return_uri":"https://two.example/x"}]""";

    private const string Configuration =
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
        """;

    /// <summary>CLI-009.</summary>
    [Theory, EmbeddedAndCluster]
    public async Task OIDC_clients_of_old_releases_are_imported_once_with_their_secrets(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        program.Variables["PORTHOR_OIDC_SERVER_CLIENTS"] = Clients;
        program.Variables["PORTHOR_OIDC_SERVER_KEY"] = OpenIdConnect.OpenIdServers.Provider.Key.Reveal();
        program.Configure(Configuration);
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

    /// <summary>A list with an invalid client is not imported partly, and the message contains no secret.</summary>
    [Fact]
    public async Task Clients_with_an_error_are_not_imported()
    {
        await using var deployment = await Deployment.CreateAsync(Mode.Embedded);
        await using var program = await PorthorProgram.ForAsync(deployment);
        program.Variables["PORTHOR_OIDC_SERVER_KEY"] = OpenIdConnect.OpenIdServers.Provider.Key.Reveal();
        program.Configure(Configuration);
        (await program.RunAsync("init")).ExitCode.ShouldBe(0);
        var secret = new string('s', 73);
        const string valid = """{"id":"one","secret":"very-secret-word","return_uri":"https://one.example/"}""";
        foreach (var (clients, text) in new[]
        {
            ($"[{valid},{valid}]",
                "Error: oidcServer.clients contains the client one more than once. No client was migrated. Remove the entries that are not "
                + "used, and run this command again."),
            ($$"""[{{valid}},{"id":"two","secret":"{{secret}}","return_uri":"https://two.example/"}]""",
                "Error: The secret of the OpenID Connect client two has more than 72 bytes. No client was migrated. Shorten the secret, at "
                + "the client too, and run this command again."),
            ($$"""[{{valid}},{"id":"two","secret":null,"return_uri":"https://two.example/"}]""",
                "  oidcServer.clients[1].secret: Field required"),
        })
        {
            program.Variables["PORTHOR_OIDC_SERVER_CLIENTS"] = clients;
            var outcome = await program.RunAsync("update-schema");
            outcome.ExitCode.ShouldBe(1);
            outcome.Errors.TrimEnd('\n').Split('\n')[^1].ShouldBe(text);
            outcome.Errors.ShouldNotContain("very-secret-word");
            outcome.Errors.ShouldNotContain(secret);
        }
        var node = await deployment.OpenNodeAsync();
        (await node.Sql.OidcClients.ListAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }
}
