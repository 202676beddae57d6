namespace Porthor.Ldap;

/// <summary>Represents an error result of the server.</summary>
internal sealed class LdapException(string operation, int code, string message)
    : Exception($"{operation}: {Name(code)}{(message.Length > 0 ? $": {message}" : "")}")
{
    public int Code { get; } = code;

    /// <summary>Returns the name of the most common result codes (RFC 4511, appendix A).</summary>
    private static string Name(int code) => code switch
    {
        1 => "operations error",
        2 => "protocol error",
        3 => "time limit exceeded",
        4 => "size limit exceeded",
        7 => "authentication method not supported",
        8 => "stronger authentication required",
        10 => "referral to another server",
        13 => "confidentiality required",
        32 => "no such object",
        34 => "invalid name",
        48 => "inappropriate authentication",
        49 => "invalid credentials",
        50 => "insufficient access rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling to perform",
        _ => $"error {code}",
    };
}
