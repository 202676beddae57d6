namespace Porthor.Server.Http;

/// <summary>
/// Marks a route of the OpenID Connect provider. If a store does not respond, its error has the form of OAuth, so that clients do not
/// interpret it as a refusal.
/// </summary>
internal sealed class OAuthRoute
{
    public static readonly OAuthRoute Mark = new();

    private OAuthRoute()
    {
    }

    /// <summary>Returns whether the request is for such a route.</summary>
    public static bool Has(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<OAuthRoute>() is not null;
}
