using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// Represents a mistake in a rule. Gafaelfawr ignores such mistakes, and a location can then be less protected than intended (deviations
/// 42).
/// </summary>
/// <param name="Type">The type of the validation error with <c>strictRules</c>.</param>
/// <param name="Parameter">The name of the parameter.</param>
/// <param name="Message">The mistake and its correction, in one or two sentences.</param>
internal sealed record RuleWarning(string Type, string Parameter, string Message)
{
    /// <summary>Adds the warning to the errors of a request.</summary>
    public void AddTo(ValidationErrors errors) => errors.Add(Type, new Location("query", Parameter), Message, input: null);
}
