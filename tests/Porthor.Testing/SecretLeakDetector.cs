using System.Buffers;
using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Porthor.Testing;

/// <summary>
/// Records the secrets in requests and responses, and finds them where they must not appear: in logs and output, in error responses, and in
/// responses other than the one that issued them. Complete tokens must not appear in logs, output and error responses even if they were not
/// recorded.
/// </summary>
/// <param name="logged">Returns all log lines so far.</param>
internal sealed partial class SecretLeakDetector(Func<IEnumerable<string>> logged)
{
    /// <summary>The minimum length of a secret. A shorter text is a word such as <c>Bearer</c>.</summary>
    private const int ShortestSecret = 16;

    /// <summary>The example token in the OpenAPI document.</summary>
    private const string Example = "gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw";

    /// <summary>Headers that issue credentials or return those of the client.</summary>
    private static readonly string[] CredentialHeaders = ["Set-Cookie", "X-Auth-Request-Token", "Authorization", "Cookie"];

    private readonly ConcurrentDictionary<string, bool> secrets = new();
    private readonly ConcurrentQueue<string> errorResponses = new();
    private readonly ConcurrentQueue<(string Text, HashSet<string> Issued)> responses = new();

    /// <summary>Registers a secret that must not appear anywhere.</summary>
    public void Secret(string text) => _ = TryAdd(text);

    /// <summary>Records the credentials of a request, complete and in parts.</summary>
    public void AddRequest(IEnumerable<(string Name, string Value)> headers)
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
            AddTokens(value, []);
        }
    }

    /// <summary>Records the secrets that a response issues, and its text.</summary>
    public void AddResponse(Answer answer)
    {
        if (answer.StatusCode >= 400)
        {
            errorResponses.Enqueue(FormValue.Replace(answer.Body, ""));
            errorResponses.Enqueue(string.Join('\n', answer.Headers.SelectMany(header => header.Value)));
            return;
        }
        HashSet<string> issued = [];
        AddTokens(answer.Body, issued);
        foreach (var value in answer.Headers.Where(
            header => CredentialHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).SelectMany(
            header => header.Value))
            AddTokens(value, []);
        foreach (Match csrf in Csrf.Matches(answer.Body))
        {
            // Every response of the session contains the same value.
            Secret(csrf.Groups["value"].Value);
            issued.Add(csrf.Groups["value"].Value);
        }
        if (answer.Headers.TryGetValue("Set-Cookie", out var cookies))
        {
            foreach (var cookie in cookies)
                Secret(cookie.Split('=', 2)[^1].Split(';')[0].Trim('"'));
        }
        var otherHeaders = answer.Headers.Where(header => !CredentialHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .SelectMany(header => header.Value);
        responses.Enqueue((string.Join('\n', [FormValue.Replace(answer.Body, ""), .. otherHeaders]), issued));
    }

    /// <summary>Returns the texts in which a secret was found, with the secret replaced.</summary>
    public IReadOnlyList<string> Leaks()
    {
        var lines = logged().Concat(errorResponses).ToList();
        List<string> leaks = [.. lines.Where(line => FindTokens(line).Any()).Select(Redact)];
        if (secrets.IsEmpty)
            return leaks;
        var all = SearchValues.Create([.. secrets.Keys], StringComparison.Ordinal);
        leaks.AddRange(lines.Where(line => line.AsSpan().ContainsAny(all)).Select(Redact));
        foreach (var (text, issued) in responses.Where(answer => answer.Text.AsSpan().ContainsAny(all)))
        {
            if (secrets.Keys.Any(secret => !issued.Contains(secret) && text.Contains(secret, StringComparison.Ordinal)))
                leaks.Add(Redact(text));
        }
        return leaks;
    }

    /// <summary>Throws if a secret was found.</summary>
    public void ThrowIfLeaked()
    {
        if (Leaks() is { Count: > 0 } leaks)
            throw new InvalidOperationException($"Found secrets in {leaks.Count} texts:\n{string.Join('\n', leaks.Take(10))}");
    }

    private string Redact(string text)
    {
        var redacted = Token.Replace(text, "(token)");
        foreach (var secret in secrets.Keys.OrderByDescending(secret => secret.Length))
            redacted = redacted.Replace(secret, "(secret)", StringComparison.Ordinal);
        return redacted;
    }

    /// <summary>Returns false if the text is too short or already recorded.</summary>
    private bool TryAdd(string text) => text.Length >= ShortestSecret && secrets.TryAdd(text, value: true);

    /// <param name="issued">Receives the tokens that were not recorded before.</param>
    private void AddTokens(string text, HashSet<string> issued)
    {
        foreach (var token in FindTokens(text))
        {
            // The token's key is public; only its secret part is confidential.
            foreach (var secret in (string[])[token.Value, token.Groups["secret"].Value])
            {
                if (TryAdd(secret))
                    issued.Add(secret);
            }
        }
    }

    private static IEnumerable<Match> FindTokens(string text) => Token.Matches(text).Where(token => token.Value != Example);

    [GeneratedRegex(@"gt-[A-Za-z0-9_-]{22}\.(?<secret>[A-Za-z0-9_-]{22})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token { get; }

    /// <summary>Matches the form field with the session's CSRF value, which every page repeats, also with validation errors.</summary>
    [GeneratedRegex("name=\"csrf\" value=\"[^\"]+\"", RegexOptions.None, 1000)]
    private static partial Regex FormValue { get; }

    [GeneratedRegex("\"csrf\":\"(?<value>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Csrf { get; }
}
