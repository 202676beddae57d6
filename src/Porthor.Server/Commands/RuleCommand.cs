using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Http;
using Porthor.Server.Ingress;
using Porthor.Values;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor rule check QUERY</c>: explains a rule of <c>/ingress/auth</c> without a server. The known scopes are read from the
/// configuration.
/// </summary>
internal static class RuleCommand
{
    public static Command Create()
    {
        var query = new Argument<string>("QUERY")
        {
            Description = "The query of the rule, such as 'scope=read:all&service=tap', or a URL with it",
        };
        query.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.StartsWith('-')))
                result.AddError("QUERY is the query of a rule; it does not begin with '-'.");
        });
        var strict = new Option<bool>("--strict") { Description = "Treat warnings as errors, as the setting strictRules does" };
        var check = new Command("check", "Explain what a rule requires, and report its errors") { query, strict };
        var options = ConfigOptions.AddTo(check);
        check.SetWork(options, (parsed, _) =>
            Task.FromResult(
                Check(parsed.GetValue(query)!, parsed.GetValue(strict), options.Load(parsed, SettingsScope.Stores).Tokens.KnownScopes)));
        return new Command("rule", "Check the rules in the configuration of a proxy") { check };
    }

    private static int Check(string text, bool strict, IReadOnlyDictionary<string, string> knownScopes)
    {
        var parameters = new IngressParameters(RequestOf(text), new OriginalTarget("https://example.com/", HttpMethods.Get));
        var errors = new ValidationErrors();
        var rule = parameters.ReadRule(errors);
        var original = parameters.ReadOriginal(errors);
        List<string> messages = [.. errors.ByField.Distinct().Select(error => $"{error.Field}: {error.Message}")];
        if (rule?.FindContradiction()?.Message is { } contradiction)
            messages.Add(contradiction);
        var warnings = parameters.Warnings(knownScopes);
        if (messages.Count == 0 && rule is not null && original is not null)
        {
            foreach (var sentence in RuleExplanation.Of(rule, original.Value))
                Console.Out.WriteLine(Clean(sentence));
        }
        foreach (var warning in warnings)
            Console.Out.WriteLine(Clean($"{(strict ? "Error" : "Warning")}: {warning.Message}"));
        foreach (var message in messages)
            Console.Out.WriteLine(Clean($"Error: {message}"));
        return messages.Count > 0 || (strict && warnings.Count > 0) ? 1 : 0;
    }

    /// <summary>
    /// Builds the request of a proxy with this rule. The text is a query with or without '?', or a path or URL with a query.
    /// </summary>
    private static HttpRequest RequestOf(string text)
    {
        var start = text.IndexOf('?', StringComparison.Ordinal);
        var isAddress = start < 0 && (text.StartsWith('/') || text.Contains("://", StringComparison.Ordinal));
        var query = isAddress ? "" : text[(start + 1)..];
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString(query.Length == 0 ? "" : "?" + query);
        return request;
    }

    private static string Clean(string text) => HeaderText.Clean(text);
}
