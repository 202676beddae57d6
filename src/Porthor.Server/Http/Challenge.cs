using Porthor.Values;

namespace Porthor.Server.Http;

internal enum ChallengeType
{
    Bearer,
    Basic,
}

/// <summary>The <c>WWW-Authenticate</c> header of a refusal (contract/ingress.md 5, RFC 6750).</summary>
internal readonly record struct Challenge(string Realm, ChallengeType Type = ChallengeType.Bearer)
{
    /// <summary>Asks for credentials, and says nothing about any.</summary>
    public string Plain => $"{Type} realm=\"{Realm}\"";

    /// <summary>What is wrong with the credentials; a Basic challenge has no place for it.</summary>
    /// <param name="scopes">Those that are required.</param>
    public string WithError(string error, string description, ScopeSet? scopes = null)
    {
        if (Type == ChallengeType.Basic)
            return Plain;
        var scope = scopes is null ? "" : ScopeMember(scopes);
        return HeaderText.Clean($"{Plain}, error=\"{error}\", error_description=\"{WithoutQuotes(description)}\"{scope}");
    }

    /// <summary>
    /// Returns the member that names the required scopes; empty if no scope with a name is required. An empty value would not be a scope
    /// (RFC 6750 section 3).
    /// </summary>
    private static string ScopeMember(ScopeSet scopes)
    {
        var names = string.Join(' ', scopes.Names.Where(name => !string.IsNullOrWhiteSpace(name)));
        return names.Length == 0 ? "" : $", scope=\"{WithoutQuotes(names)}\"";
    }

    private static string WithoutQuotes(string text) =>
        text.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal);
}
