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
        var text = description.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal);
        var scope = scopes is { IsEmpty: false } ? $", scope=\"{string.Join(' ', scopes.Names)}\"" : "";
        return HeaderText.Clean($"{Plain}, error=\"{error}\", error_description=\"{text}\"{scope}");
    }
}
