using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Api;

/// <summary>
/// Remembers what was secret in a conversation, and finds it again where it must not be: in log lines and in refusals.
/// </summary>
internal sealed partial class SecretWatch(JsonLogs logs)
{
    /// <summary>Anything shorter is a word such as <c>Bearer</c>, not a credential.</summary>
    private const int ShortestSecret = 16;

    private readonly ConcurrentDictionary<string, bool> secrets = new();
    private readonly ConcurrentQueue<string> refusals = new();

    /// <summary>From now on, this text may appear nowhere.</summary>
    public void Secret(string text)
    {
        if (text.Length >= ShortestSecret)
            secrets.TryAdd(text, value: true);
    }

    /// <summary>What a request shows: its credentials, whole and in their parts.</summary>
    public void Sent(IEnumerable<(string Name, string Value)> headers)
    {
        foreach (var (name, value) in headers)
        {
            switch (name)
            {
                case "Authorization":
                    Secret(value);
                    Secret(value[(value.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
                    break;
                case "Cookie":
                    Secret(value[(value.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('"'));
                    break;
                case "X-CSRF-Token":
                    Secret(value);
                    break;
            }
            TokensIn(value);
        }
    }

    /// <summary>What an answer hands out, and what a refusal tells.</summary>
    public void Received(Answer answer)
    {
        if (answer.StatusCode >= 400)
        {
            refusals.Enqueue(answer.Body);
            refusals.Enqueue(string.Join('\n', answer.Headers.SelectMany(header => header.Value)));
            return;
        }
        TokensIn(answer.Body);
        if (Csrf.Match(answer.Body) is { Success: true } csrf)
            Secret(csrf.Groups["value"].Value);
        if (answer.Headers.TryGetValue("Set-Cookie", out var cookies))
            Secret(cookies[0].Split('=', 2)[1].Split(';')[0].Trim('"'));
    }

    /// <summary>The places where a secret was seen, each shown without it.</summary>
    public IReadOnlyList<string> Leaks() =>
    [
        .. from place in logs.Raw.Concat(refusals)
           from secret in secrets.Keys
           where place.Contains(secret, StringComparison.Ordinal)
           select place.Replace(secret, "(secret)", StringComparison.Ordinal),
    ];

    private void TokensIn(string text)
    {
        foreach (Match token in Token.Matches(text))
        {
            Secret(token.Value);
            // The key may be shown; its other half opens the door.
            Secret(token.Groups["secret"].Value);
        }
    }

    [GeneratedRegex(@"gt-[A-Za-z0-9_-]{22}\.(?<secret>[A-Za-z0-9_-]{22})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token { get; }

    [GeneratedRegex("\"csrf\":\"(?<value>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Csrf { get; }
}
