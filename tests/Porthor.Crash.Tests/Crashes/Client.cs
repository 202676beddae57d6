using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Crashes;

/// <summary>
/// A client that sends one request after another to any running node, and compares each response with the changes that were acknowledged
/// before the request.
/// </summary>
internal sealed class Client(int number, int seed, IReadOnlyList<Node> nodes, TokenTree tokenTree, Token administrator, HttpClient http)
{
    private const string UserToken = "user:token";
    private const string ReadAll = "read:all";

    private readonly Random random = new(HashCode.Combine(seed, number));
    private int names;

    /// <summary>The numbers of requests with and without a response.</summary>
    public (int Answered, int Unanswered) Count { get; private set; }

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            // The random numbers are drawn before any state is read. So a seed always gives the same numbers.
            var (action, index, firstNode) = (random.Next(100), random.Next(int.MaxValue), random.Next(nodes.Count));
            await Task.WhenAny([.. nodes.Select(node => node.WaitUntilUpAsync()), Task.Delay(Timeout.Infinite, stopping)]);
            var node = Enumerable.Range(firstNode, nodes.Count).Select(i => nodes[i % nodes.Count]).FirstOrDefault(node => node.IsUp);
            if (node is not null)
                await StepAsync(node.Url, action, tokenTree.Pick(index));
        }
    }

    private Task StepAsync(Uri node, int action, KnownToken? token) => action switch
    {
        _ when token is null => CreateAsync(node),
        < 15 => CreateAsync(node),
        < 35 => DelegateAsync(node, token),
        < 55 => UseAsync(node, token),
        < 75 => UseWithReadAllAsync(node, token),
        < 87 => EditAsync(node, token, extend: action % 2 == 0),
        _ => RevokeAsync(node, token),
    };

    private async Task CreateAsync(Uri node)
    {
        var username = $"user{random.Next(5)}";
        if (
            CountAnswer(await http.CreateUserTokenAsync(
                node, administrator, username, $"{number}-{names++}", UserToken, ReadAll)) is not { StatusCode: 201 } created)
            return;
        tokenTree.Add(Requests.TokenIn(created), username, parent: null);
        tokenTree.Acknowledged(node);
    }

    private async Task DelegateAsync(Uri node, KnownToken parent)
    {
        var revoked = parent.IsRevoked;
        if (CountAnswer(await http.DelegateAsync(node, parent.Token, $"service-{random.Next(3)}", ReadAll)) is { StatusCode: 200 } created)
        {
            revoked.ShouldBeFalse($"{parent.Token.Key} got a child after its revocation was acknowledged");
            tokenTree.Add(Token.Parse(created.Header("X-Auth-Request-Token")!), parent.Username, parent);
        }
    }

    public async Task UseAsync(Uri node, KnownToken token)
    {
        var revoked = token.IsRevoked;
        switch (CountAnswer(await http.AuthorizeAsync(node, token.Token)))
        {
            case { StatusCode: 200 }:
                revoked.ShouldBeFalse($"{token.Token.Key} is valid after its revocation was acknowledged");
                break;
            case { StatusCode: 401 }:
                token.MayBeRevoked.ShouldBeTrue($"{token.Token.Key} is invalid without a revocation");
                break;
        }
    }

    private async Task UseWithReadAllAsync(Uri node, KnownToken token)
    {
        var (revoked, reduced) = (token.IsRevoked, token.IsReduced);
        if (CountAnswer(await http.AuthorizeAsync(node, token.Token, $"scope={ReadAll}")) is { StatusCode: 200 })
        {
            revoked.ShouldBeFalse($"{token.Token.Key} is valid after its revocation was acknowledged");
            // The scope may have been granted again in the meantime.
            (reduced && token.IsReduced).ShouldBeFalse($"{token.Token.Key} has a scope after its removal was acknowledged");
        }
    }

    private async Task EditAsync(Uri node, KnownToken token, bool extend)
    {
        // Only user tokens can be changed.
        if (token.Parent is not null || !token.TryBeginEditing())
            return;
        if (extend)
            token.IsReduced = false;
        string[] scopes = extend ? [UserToken, ReadAll] : [UserToken];
        if (CountAnswer(await http.EditAsync(node, administrator, token.Username, token.Token.Key, scopes)) is { StatusCode: 200 })
        {
            token.Edits++;
            if (!extend)
                tokenTree.Reduce(token);
            tokenTree.Acknowledged(node);
        }
        token.EndEditing();
    }

    private async Task RevokeAsync(Uri node, KnownToken token)
    {
        token.RevocationBegins();
        if (CountAnswer(await http.RevokeAsync(node, administrator, token.Username, token.Token.Key)) is not { StatusCode: 204 })
            return;
        token.RevocationAcknowledged();
        tokenTree.Acknowledged(node);
    }

    private Answer? CountAnswer(Answer? answer)
    {
        Count = answer is null ? (Count.Answered, Count.Unanswered + 1) : (Count.Answered + 1, Count.Unanswered);
        answer?.StatusCode.ShouldNotBe(500, answer.Body);
        return answer;
    }
}
