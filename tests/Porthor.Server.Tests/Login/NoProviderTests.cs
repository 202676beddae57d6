using Porthor.Server.Tests.Api;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A deployment without a login provider reports this. Embedded mode always has an administrator.</summary>
public sealed class NoProviderTests
{
    [Theory, EveryMode]
    public async Task A_login_without_a_provider_is_an_error(Mode mode)
    {
        await using var server = await TestServer.StartAsync(mode);
        var answer = await server.GetAsync("/login?rd=https://example.com/");
        if (mode == Mode.Embedded)
            answer.Header("Location").ShouldBe("/auth/login");
        else
            answer.ShouldBeError(404, "not_supported", "No authentication provider configured");
        (await server.GetAsync("/auth/login")).StatusCode.ShouldBe(mode == Mode.Embedded ? 307 : 404);
    }
}
