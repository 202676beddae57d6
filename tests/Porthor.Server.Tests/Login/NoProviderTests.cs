using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A deployment without a login provider says so.</summary>
public sealed class NoProviderTests
{
    [Fact]
    public async Task There_is_nowhere_to_log_in()
    {
        await using var server = await TestServer.StartAsync(Mode.Embedded);
        (await server.GetAsync("/login?rd=https://example.com/")).ShouldBeRefused(404, "not_supported", "No authentication provider configured");
    }
}
