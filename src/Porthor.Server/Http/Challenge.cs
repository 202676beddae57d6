using Porthor.Ingress;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>Represents the <c>WWW-Authenticate</c> header of a denied request (contract/ingress.md 5, RFC 6750).</summary>
internal readonly record struct Challenge(string Realm, ChallengeType Type = ChallengeType.Bearer)
{
    /// <summary>Gets the challenge without an error.</summary>
    public string Plain => $"{Type} realm=\"{Realm}\"";

    /// <summary>Returns the challenge with an error. A Basic challenge has no error parameters.</summary>
    /// <param name="scopes">The required scopes; null to omit them.</param>
    public string WithError(string error, string description, ScopeSet? scopes = null)
    {
        if (Type == ChallengeType.Basic)
            return Plain;
        var scope = scopes is null ? "" : ScopeMember(scopes);
        return HeaderText.Clean($"{Plain}, error=\"{error}\", error_description=\"{WithoutQuotes(description)}\"{scope}");
    }

    /// <summary>
    /// Returns the parameter with the required scopes. Returns an empty text if no scope with a name is required, because the parameter
    /// must not be empty (RFC 6750 section 3).
    /// </summary>
    private static string ScopeMember(ScopeSet scopes)
    {
        var names = string.Join(' ', scopes.Names.Where(name => !string.IsNullOrWhiteSpace(name)));
        return names.Length == 0 ? "" : $", scope=\"{WithoutQuotes(names)}\"";
    }

    private static string WithoutQuotes(string text) =>
        text.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal);
}
