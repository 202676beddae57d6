using System.Buffers;
using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Porthor.Testing;

/// <summary>
/// Remembers what was secret in a conversation, and finds it again where it must not be: in what was logged or printed, in refusals,
/// and in answers that are not those in which it was handed out. A whole token may be in none of the first, known or not.
/// </summary>
/// <param name="logged">What was logged so far.</param>
internal sealed partial class SecretWatch(Func<IEnumerable<string>> logged)
{
    /// <summary>Anything shorter is a word such as <c>Bearer</c>, not a credential.</summary>
    private const int ShortestSecret = 16;

    /// <summary>It stands in the description of the API.</summary>
    private const string Example = "gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";

    /// <summary>Headers in which credentials are handed out, and those of the client are given back.</summary>
    private static readonly string[] Handing = ["Set-Cookie", "X-Auth-Request-Token", "Authorization", "Cookie"];

    private readonly ConcurrentDictionary<string, bool> secrets = new();
    private readonly ConcurrentQueue<string> refusals = new();
    private readonly ConcurrentQueue<(string Text, HashSet<string> HandedOut)> answers = new();

    /// <summary>From now on, this text may appear nowhere.</summary>
    public void Secret(string text) => _ = TryAdd(text);

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
            TokensIn(value, []);
        }
    }

    /// <summary>What an answer hands out, and what it tells.</summary>
    public void Received(Answer answer)
    {
        if (answer.StatusCode >= 400)
        {
            refusals.Enqueue(FormValue.Replace(answer.Body, ""));
            refusals.Enqueue(string.Join('\n', answer.Headers.SelectMany(header => header.Value)));
            return;
        }
        HashSet<string> handedOut = [];
        TokensIn(answer.Body, handedOut);
        foreach (var value in answer.Headers.Where(header => Handing.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).SelectMany(header => header.Value))
            TokensIn(value, []);
        foreach (Match csrf in Csrf.Matches(answer.Body))
        {
            // It is asked for again and again, and the same each time.
            Secret(csrf.Groups["value"].Value);
            handedOut.Add(csrf.Groups["value"].Value);
        }
        if (answer.Headers.TryGetValue("Set-Cookie", out var cookies))
        {
            foreach (var cookie in cookies)
                Secret(cookie.Split('=', 2)[^1].Split(';')[0].Trim('"'));
        }
        var told = answer.Headers.Where(header => !Handing.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).SelectMany(header => header.Value);
        answers.Enqueue((string.Join('\n', [FormValue.Replace(answer.Body, ""), .. told]), handedOut));
    }

    /// <summary>The places where a secret was seen, each shown without it.</summary>
    public IReadOnlyList<string> Leaks()
    {
        var lines = logged().Concat(refusals).ToList();
        List<string> leaks = [.. lines.Where(line => TokensOf(line).Any()).Select(Hidden)];
        if (secrets.IsEmpty)
            return leaks;
        var all = SearchValues.Create([.. secrets.Keys], StringComparison.Ordinal);
        leaks.AddRange(lines.Where(line => line.AsSpan().ContainsAny(all)).Select(Hidden));
        foreach (var (text, handedOut) in answers.Where(answer => answer.Text.AsSpan().ContainsAny(all)))
        {
            if (secrets.Keys.Any(secret => !handedOut.Contains(secret) && text.Contains(secret, StringComparison.Ordinal)))
                leaks.Add(Hidden(text));
        }
        return leaks;
    }

    /// <summary>For the end of whatever was watched.</summary>
    public void ThrowIfLeaked()
    {
        if (Leaks() is { Count: > 0 } leaks)
            throw new InvalidOperationException($"Secrets were seen in {leaks.Count} places:\n{string.Join('\n', leaks.Take(10))}");
    }

    private string Hidden(string text)
    {
        var hidden = Token.Replace(text, "(token)");
        foreach (var secret in secrets.Keys.OrderByDescending(secret => secret.Length))
            hidden = hidden.Replace(secret, "(secret)", StringComparison.Ordinal);
        return hidden;
    }

    /// <summary>False if the text is too short, or known.</summary>
    private bool TryAdd(string text) => text.Length >= ShortestSecret && secrets.TryAdd(text, value: true);

    /// <param name="handedOut">Gets those that nobody has seen before.</param>
    private void TokensIn(string text, HashSet<string> handedOut)
    {
        foreach (var token in TokensOf(text))
        {
            // The key may be shown; its other half opens the door.
            foreach (var secret in (string[])[token.Value, token.Groups["secret"].Value])
            {
                if (TryAdd(secret))
                    handedOut.Add(secret);
            }
        }
    }

    private static IEnumerable<Match> TokensOf(string text) => Token.Matches(text).Where(token => token.Value != Example);

    [GeneratedRegex(@"gt-[A-Za-z0-9_-]{22}\.(?<secret>[A-Za-z0-9_-]{22})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token { get; }

    /// <summary>Every form of a page repeats the value of its own session, also where it is shown again with what is wrong.</summary>
    [GeneratedRegex("name=\"csrf\" value=\"[^\"]+\"", RegexOptions.None, 1000)]
    private static partial Regex FormValue { get; }

    [GeneratedRegex("\"csrf\":\"(?<value>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Csrf { get; }
}
