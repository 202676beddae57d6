using Porthor.Server.Api.Validation;
using Porthor.Server.Configuration;

namespace Porthor.Server.Ingress;

/// <summary>
/// Represents a mistake in a rule that Gafaelfawr ignores, because of which a location may be less protected than intended (deviations 42).
/// </summary>
/// <param name="Type">The type of the validation error with <c>strictRules</c>.</param>
/// <param name="Parameter">The name of the parameter.</param>
/// <param name="Message">The mistake and its correction, in one or two sentences.</param>
internal sealed record RuleWarning(string Type, string Parameter, string Message)
{
    /// <summary>The parameters of a rule (contract/ingress.md 2).</summary>
    private static readonly string[] Known =
    [
        "allow_cookies", "allow_options", "auth_type", "delegate_scope", "delegate_to", "minimum_lifetime", "notebook", "only_service",
        "satisfy", "scope", "service", "use_authorization", "user_domain", "username",
    ];

    /// <summary>
    /// A rule has at most this many warnings, because the query of a client that calls Porthor directly may have any length.
    /// </summary>
    private const int MaxWarnings = 20;

    private const int LongestNameShown = 64;

    /// <summary>Returns the warnings of a rule.</summary>
    /// <param name="parameters">The names of all parameters, in their order.</param>
    /// <param name="scopes">The values of <c>scope</c>; null if the rule has none.</param>
    public static IReadOnlyList<RuleWarning> Of(IEnumerable<string> parameters, IReadOnlyList<string>? scopes)
    {
        List<RuleWarning> warnings = [.. parameters.Where(name => !Known.Contains(name)).Distinct(StringComparer.Ordinal).Take(MaxWarnings).Select(Unknown)];
        if (scopes is null)
            warnings.Add(new("missing", "scope", "The rule requires no scope: every valid token is accepted. Add scope=NAME."));
        else if (scopes.Any(string.IsNullOrWhiteSpace))
            warnings.Add(new("value_error", "scope", "The rule requires a scope with an empty name, which no token has. Write scope=NAME."));
        return warnings;
    }

    /// <summary>Adds the warning to the errors of a request.</summary>
    public void AddTo(ValidationErrors errors) => errors.Add(Type, new Location("query", Parameter), Message, input: null);

    private static RuleWarning Unknown(string name)
    {
        var shown = name.Length <= LongestNameShown ? name : name[..LongestNameShown] + "...";
        if (name.StartsWith("amp;", StringComparison.Ordinal))
            return new("unknown_parameter", shown, $"The parameter {shown} is unknown and has no effect. The rule contains &amp; in place of &: write &{shown[4..]}=.");
        var similar = SpellingSuggestion.Find(name, Known) ?? Known.Where(known => IsSimilar(name, known)).MinBy(known => known.Length);
        var suggestion = similar is null ? "" : $" Did you mean {similar}?";
        return new("unknown_parameter", shown, $"The parameter {shown} is unknown and has no effect.{suggestion}");
    }

    /// <summary>Spellings of other software: <c>onlyService</c>, <c>required-scope</c>, <c>user</c>.</summary>
    private static bool IsSimilar(string name, string known)
    {
        var (letters, target) = (Letters(name), Letters(known));
        return letters == target
            || (letters.Length >= 4 && (target.StartsWith(letters, StringComparison.Ordinal) || letters.EndsWith(target, StringComparison.Ordinal)));
    }

    private static string Letters(string name) => string.Concat(name.Where(char.IsAsciiLetter)).ToLowerInvariant();
}
