using Porthor.Identity;
using Porthor.Server.Values;

namespace Porthor.Server.Ingress;

/// <summary>Finds the mistakes of a rule.</summary>
internal static class RuleWarnings
{
    /// <summary>The parameters of a rule (contract/ingress.md 2).</summary>
    private static readonly string[] Known =
    [
        "allow_cookies", "allow_options", "auth_type", "delegate_scope", "delegate_to", "minimum_lifetime", "notebook", "only_service",
        "satisfy", "scope", "service", "use_authorization", "user_domain", "username",
    ];

    /// <summary>The parameters that may be given more than once.</summary>
    private static readonly string[] Lists = ["scope", "delegate_scope", "only_service"];

    /// <summary>The parameters that are ignored if they are empty.</summary>
    private static readonly string[] IgnoredIfEmpty = ["delegate_to", "service", "username"];

    /// <summary>
    /// The maximum number of warnings of a rule. The query of a client that calls Porthor directly can have any length.
    /// </summary>
    private const int MaxWarnings = 20;

    private const int LongestShown = 64;

    /// <summary>Returns the warnings of a rule.</summary>
    /// <param name="parameters">The names of all parameters, each once, in their order.</param>
    /// <param name="valuesOf">Returns the values of a parameter; null if the rule does not have it.</param>
    /// <param name="knownScopes">The scopes of the configuration.</param>
    public static IReadOnlyList<RuleWarning> Of(
        IReadOnlyList<string> parameters, Func<string, IReadOnlyList<string>?> valuesOf, IReadOnlyDictionary<string, string> knownScopes)
    {
        var unknown = parameters.Where(name => !Known.Contains(name)).Select(Unknown);
        var repeated = parameters.Where(name => Known.Contains(name) && !Lists.Contains(name) && valuesOf(name) is { Count: > 1 })
            .Select(Repeated);
        return
        [
            .. unknown.Concat(repeated).Concat(OfValues(valuesOf, knownScopes)).Take(MaxWarnings),
            .. valuesOf("scope") is null
                ? [new RuleWarning("missing", "scope", "The rule requires no scope: every valid token is accepted. Add scope=NAME.")]
                : Array.Empty<RuleWarning>(),
        ];
    }

    private static IEnumerable<RuleWarning> OfValues(
        Func<string, IReadOnlyList<string>?> valuesOf, IReadOnlyDictionary<string, string> knownScopes)
    {
        var scopes = valuesOf("scope") ?? [];
        if (scopes.Any(string.IsNullOrWhiteSpace))
            yield return Value("scope", "The rule requires a scope with an empty name, which no token has. Write scope=NAME.");
        foreach (var scope in scopes.Where(scope => !string.IsNullOrWhiteSpace(scope)).Distinct(StringComparer.Ordinal))
        {
            if (FindScopeMistake("scope", scope, knownScopes) is { } mistake)
                yield return Value("scope", $"The rule requires the scope {Shown(scope)}, which no token has. {mistake}");
        }
        foreach (var scope in (valuesOf("delegate_scope") ?? []).Where(scope => scope.Length > 0).Distinct(StringComparer.Ordinal))
        {
            if (FindScopeMistake("delegate_scope", scope, knownScopes) is { } mistake)
                yield return Value("delegate_scope", $"delegate_scope names {Shown(scope)}, which has no effect. {mistake}");
        }
        foreach (var service in (valuesOf("only_service") ?? []).Distinct(StringComparer.Ordinal))
        {
            if (string.IsNullOrWhiteSpace(service))
                yield return Value(
                    "only_service",
                    "only_service has an empty name, which no service has. Write only_service=NAME, or remove the parameter.");
            else if (FindListMistake("only_service", service) is { } mistake)
                yield return Value("only_service", $"only_service names {Shown(service)}. {mistake}");
        }
        foreach (var name in IgnoredIfEmpty.Where(name => valuesOf(name)?[^1].Length == 0))
            yield return Value(name, $"The parameter {name} is empty and has no effect. Write {name}=NAME, or remove it.");
        if (valuesOf("username")?[^1] is { Length: > 0 } username && !UserRules.IsUsername(username))
            yield return Value("username", $"The rule requires the user {Shown(username)}, and no user can have this name.");
    }

    /// <summary>Returns the correction of a scope that no token can have, or null if the scope is configured.</summary>
    private static string? FindScopeMistake(string parameter, string scope, IReadOnlyDictionary<string, string> knownScopes)
    {
        if (knownScopes.ContainsKey(scope))
            return null;
        if (FindListMistake(parameter, scope) is { } mistake)
            return mistake;
        var similar = scope.Length <= LongestShown ? SpellingSuggestion.Find(scope, knownScopes.Keys) : null;
        return "knownScopes does not contain it." + (similar is null ? "" : $" Did you mean {similar}?");
    }

    /// <summary>Returns the correction of a value that contains several names or a blank; null if it has neither.</summary>
    private static string? FindListMistake(string parameter, string value)
    {
        var parts = value.Split([' ', ',', ';', '|', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > 1)
            return $"Write one parameter for each name: {Shown(string.Join('&', parts.Select(part => $"{parameter}={part}")))}.";
        return parts is [var only] && only != value ? $"Remove the separator: {parameter}={Shown(only)}." : null;
    }

    private static RuleWarning Value(string parameter, string message) => new("value_error", parameter, message);

    private static RuleWarning Repeated(string name) =>
        new("value_error", name, $"The parameter {name} is given more than once; only the last one has an effect.");

    private static RuleWarning Unknown(string name)
    {
        var shown = Shown(name);
        if (name.StartsWith("amp;", StringComparison.Ordinal))
        {
            var correction = $"The rule contains &amp; in place of &: write &{shown[4..]}=.";
            return new("unknown_parameter", shown, $"The parameter {shown} is unknown and has no effect. {correction}");
        }
        var similar = SpellingSuggestion.Find(name, Known) ?? Known.Where(known => IsSimilar(name, known)).MinBy(known => known.Length);
        var suggestion = similar is null ? "" : $" Did you mean {similar}?";
        return new("unknown_parameter", shown, $"The parameter {shown} is unknown and has no effect.{suggestion}");
    }

    /// <summary>Returns a text of the rule for a message, shortened to <see cref="LongestShown"/> characters.</summary>
    private static string Shown(string text) => text.Length <= LongestShown ? text : text[..LongestShown] + "...";

    /// <summary>Returns whether a name is a variant of a known one: <c>onlyService</c>, <c>required-scope</c>, <c>user</c>.</summary>
    private static bool IsSimilar(string name, string known)
    {
        var (letters, target) = (Letters(name), Letters(known));
        return letters == target
            || (letters.Length >= 4
                && (target.StartsWith(letters, StringComparison.Ordinal) || letters.EndsWith(target, StringComparison.Ordinal)));
    }

    private static string Letters(string name) => string.Concat(name.Where(char.IsAsciiLetter)).ToLowerInvariant();
}
