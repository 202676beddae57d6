using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A deployment without a login provider says so. An embedded one always has an administrator of its own.</summary>
public sealed class NoProviderTests
{
    [Theory, EveryMode]
    public async Task There_is_nowhere_to_log_in(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        var answer = await server.GetAsync("/login?rd=https://example.com/");
        if (mode == Mode.Embedded)
            answer.Header("Location").ShouldBe("/auth/login");
        else
            answer.ShouldBeRefused(404, "not_supported", "No authentication provider configured");
        (await server.GetAsync("/auth/login")).StatusCode.ShouldBe(mode == Mode.Embedded ? 307 : 404);
    }
}
