using Porthor.Sessions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// Trees that other software inserted, wider and deeper than Porthor creates them. Each way of revocation revokes the complete tree within
/// the time limit of a change.
/// </summary>
public sealed class InsertedTreeTests
{
    private const int Size = 3000;

    public static readonly MatrixTheoryData<Mode, Shape> Cases = new([Mode.Embedded, Mode.Cluster], Enum.GetValues<Shape>());

    [Theory, MemberData(nameof(Cases))]
    public async Task A_large_tree_is_revoked_by_the_API_the_page_a_logout_and_the_command(Mode mode, Shape shape)
    {
        Prerequisites.SkipWithout(mode);
        await using var server = await TestServer.StartAsync(mode);
        var admin = (await server.Tokens.SessionForAsync("warden", "admin:token,user:token")).Record.Token;
        var state = new SessionState { Csrf = SessionCookie.CreateCsrf(), Token = admin };

        await ShouldRevokeAsync(async root =>
            (await server.SendAsync(
                HttpMethod.Delete, $"/auth/api/v1/users/{InsertedTree.Username}/tokens/{root.Key}", [TestServer.Bearer(admin)]))
                .StatusCode.ShouldBe(204));

        await ShouldRevokeAsync(async root =>
            (await server.PostFormAsync(
                $"/auth/tokens/{root.Key}/revoke?username={InsertedTree.Username}", [("csrf", state.Csrf)], server.Cookie(state)))
                .StatusCode.ShouldBe(303));

        await ShouldRevokeAsync(
            async root => (await server.GetAsync("/logout", server.Cookie(new SessionState { Csrf = state.Csrf, Token = root })))
                .StatusCode.ShouldBe(307),
            Tokens.TokenType.Session);

        await using var program = await PorthorProgram.ForAsync(server.Deployment);
        await ShouldRevokeAsync(async root =>
        {
            var outcome = await program.RunAsync("token", "revoke", "--", root.Key.Value);
            outcome.Errors.ShouldEndWith($"Revoked 1 token and {Size} tokens derived from it\n");
        });

        async Task ShouldRevokeAsync(Func<Tokens.Token, Task> revokeAsync, Tokens.TokenType rootType = Tokens.TokenType.User)
        {
            var tree = await InsertedTree.CreateAsync(server.Core, shape, Size, rootType: rootType);
            (await server.Tokens.GetDataAsync(tree.Descendants[^1])).ShouldNotBeNull();
            await revokeAsync(tree.Root);
            foreach (var token in tree.Samples())
            {
                (await server.GetAsync("/auth/api/v1/token-info", TestServer.Bearer(token))).StatusCode.ShouldBe(401);
                (await server.Tokens.GetDataAsync(token)).ShouldBeNull();
            }
            (await InsertedTree.ListedAsync(server.Core)).ShouldBe(0);
        }
    }
}
