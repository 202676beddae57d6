namespace Porthor.Server.Web;

/// <summary>What a page may load and where its forms may lead, each as the policy for content says it; by itself, nothing but what is ours.</summary>
internal sealed record PagePolicy
{
    private const string Ours = "'self'";

    /// <summary>
    /// Browsers hold redirects after a form to this too: a form whose answer leads to another host must name that host.
    /// </summary>
    public string Forms { get; init; } = Ours;

    /// <summary>More than ours only for what an operator writes into a page.</summary>
    public string Images { get; init; } = Ours;

    /// <inheritdoc cref="Images"/>
    public string Styles { get; init; } = Ours;

    public override string ToString() =>
        $"default-src 'none'; style-src {Styles}; script-src 'self'; img-src {Images}; form-action {Forms}; frame-ancestors 'none'; base-uri 'none'";
}

/// <summary>What a browser may do with our pages: keep nothing, and run, send and frame nothing that the policy does not name.</summary>
internal static class PageHeaders
{
    private static readonly PagePolicy Usual = new();

    public static void Write(HttpResponse response, PagePolicy? policy = null)
    {
        var headers = response.Headers;
        headers.CacheControl = "no-cache, no-store";
        headers.ContentSecurityPolicy = (policy ?? Usual).ToString();
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // Not no-referrer, with which browsers do not say either which page a form is from.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
