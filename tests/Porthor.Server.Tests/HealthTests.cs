using Porthor.Testing;

namespace Porthor.Server.Tests;

/// <summary>INT-001 to INT-003.</summary>
public sealed class HealthTests
{
    [Theory, EveryMode]
    public async Task The_index_describes_the_service(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        var index = await server.GetAsync("/");
        index.StatusCode.ShouldBe(200);
        index.Json.GetProperty("name").GetString().ShouldBe("gafaelfawr");
        foreach (var name in (string[])["version", "description", "repository_url", "documentation_url"])
            index.Json.GetProperty(name).GetString().ShouldNotBeNull();
    }

    [Theory, EveryMode]
    public async Task Health_is_good_with_or_without_a_session_and_bad_without_a_table(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        (await server.GetAsync("/health")).Body.ShouldBe("""{"status":"healthy"}""");
        await server.Tokens.SessionForAsync("some-user");
        (await server.GetAsync("/health")).Body.ShouldBe("""{"status":"healthy"}""");

        if (mode == Mode.Embedded)
            return;
        await (await RealServers.Instance.PostgresAsync()).ExecuteAsync(server.Deployment.DatabaseName!, "DROP TABLE token CASCADE");
        var broken = await server.GetAsync("/health");
        broken.StatusCode.ShouldBe(500);
        broken.Body.ShouldBe("Internal Server Error");
    }
}
