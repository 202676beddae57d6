namespace Porthor.Server.Http;

/// <summary>Contains the values of <c>Cache-Control</c> for responses that must not be stored (RFC 9111 section 5.2.2).</summary>
internal static class CacheControl
{
    /// <summary>The value for responses with a secret.</summary>
    public const string NoStore = "no-store";

    /// <summary>The value for pages and for errors, as in the reference.</summary>
    public const string NoCacheNoStore = "no-cache, no-store";
}
