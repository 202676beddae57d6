namespace Porthor.Server.Http;

/// <summary>Represents the content security policy of a page. The default allows only files of this server.</summary>
internal sealed record PagePolicy
{
    private const string Ours = "'self'";

    /// <summary>
    /// Gets the value of <c>form-action</c>. Browsers apply it to redirects after a form too: a form whose response redirects to another
    /// host must name that host.
    /// </summary>
    public string Forms { get; init; } = Ours;

    /// <summary>Gets the allowed sources of images. Other sources are needed only for HTML of the operator.</summary>
    public string Images { get; init; } = Ours;

    /// <inheritdoc cref="Images"/>
    public string Styles { get; init; } = Ours;

    public override string ToString() =>
        $"default-src 'none'; style-src {Styles}; script-src 'self'; img-src {Images}; form-action {Forms}; frame-ancestors 'none'; "
        + "base-uri 'none'";
}

/// <summary>Sets the security headers of pages: browsers do not cache them and apply the content security policy.</summary>
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
        // Not no-referrer, with which browsers do not send the origin of a form.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
