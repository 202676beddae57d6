using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Porthor.Tokens;

namespace Porthor.Benchmarks.Scale;

/// <summary>The times of a revocation as clients see it, measured from the sending of the request.</summary>
/// <param name="AccessEnded">The time until the last of the watched tokens was denied.</param>
/// <param name="Acknowledged">The time until the client received the response.</param>
internal sealed record RevocationTimes(TimeSpan AccessEnded, TimeSpan Acknowledged)
{
    /// <summary>Revokes a token while requests with it and some of its children are sent.</summary>
    /// <param name="parent">The token; it revokes itself.</param>
    public static async Task<RevocationTimes> RevokeAsync(Uri node, TokenRecord parent, IReadOnlyList<Token> watched)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { BaseAddress = node };
        foreach (var token in watched)
        {
            if (await AskAsync(client, token) != HttpStatusCode.OK)
                throw new InvalidOperationException("The token is not valid before the revocation.");
        }
        var begun = Stopwatch.GetTimestamp();
        var ends = watched.Select(token => UntilRefusedAsync(client, token, begun)).ToArray();
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/auth/api/v1/users/{parent.Username}/tokens/{parent.Token.Key}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", parent.Token.Reveal());
        using var answer = await client.SendAsync(request);
        var acknowledged = Stopwatch.GetElapsedTime(begun);
        answer.EnsureSuccessStatusCode();
        return new RevocationTimes((await Task.WhenAll(ends)).Max(), acknowledged);
    }

    private static async Task<TimeSpan> UntilRefusedAsync(HttpClient client, Token token, long begun)
    {
        while (true)
        {
            var status = await AskAsync(client, token);
            if (status == HttpStatusCode.Unauthorized)
                return Stopwatch.GetElapsedTime(begun);
            if (status != HttpStatusCode.OK)
                throw new InvalidOperationException($"Forward authentication answered {status}.");
            await Task.Delay(1);
        }
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, Token token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ingress/auth?scope=read:all&service=portal");
        foreach (var (name, value) in FloorServer.ProxyHeaders)
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
