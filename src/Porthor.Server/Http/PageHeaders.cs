namespace Porthor.Server.Http;

/// <summary>Represents the content security policy of a page. The default allows only files of this server.</summary>
internal sealed record PagePolicy
{
    private const string Ours = "'self'";

    /// <summary>
    /// Gets the value of <c>form-action</c>. Browsers also check redirects after a form. If the response to a form redirects to another
    /// host, the value must contain that host.
    /// </summary>
    public string Forms { get; init; } = Ours;

    /// <summary>Gets the allowed sources of images. Sources other than this server are needed only for HTML of the operator.</summary>
    public string Images { get; init; } = Ours;

    /// <summary>
    /// Gets the allowed sources of style sheets. Sources other than this server are needed only for HTML of the operator.
    /// </summary>
    public string Styles { get; init; } = Ours;

    public override string ToString() =>
        $"default-src 'none'; style-src {Styles}; script-src 'self'; img-src {Images}; form-action {Forms}; frame-ancestors 'none'; "
        + "base-uri 'none'";
}

/// <summary>Sets the headers of pages: browsers must not cache the page, and must apply the content security policy.</summary>
internal static class PageHeaders
{
    private static readonly PagePolicy DefaultPolicy = new();

    public static void Write(HttpResponse response, PagePolicy? policy = null)
    {
        var headers = response.Headers;
        headers.CacheControl = CacheControl.NoCacheNoStore;
        headers.ContentSecurityPolicy = (policy ?? DefaultPolicy).ToString();
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // With no-referrer, browsers would not send the origin of a form.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
