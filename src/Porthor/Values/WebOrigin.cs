namespace Porthor.Values;

/// <summary>Represents a web origin (RFC 6454): scheme, host and port. Two origins are equal if all three are.</summary>
/// <param name="Scheme">The scheme: http or https.</param>
/// <param name="Host">The host in the form of <see cref="HostName"/>.</param>
/// <param name="Port">The port; the default port of the scheme if the text has none.</param>
public readonly record struct WebOrigin(string Scheme, string Host, int Port)
{
    /// <summary>Reads <c>http://host[:port]</c> or the same with https. Returns null if the text is not an origin.</summary>
    public static WebOrigin? TryParse(string? text)
    {
        const StringComparison exactly = StringComparison.Ordinal;
        return text is not null
            && Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url is { UserInfo: "", PathAndQuery: "/", Fragment: "" }
            && !text.Contains('?', exactly) && !text.Contains('#', exactly) && !text.Contains('\\', exactly) && !text.Contains('@', exactly)
            ? Of(url)
            : null;
    }

    /// <summary>Returns the origin of a URL; null if its scheme is not http or https.</summary>
    public static WebOrigin? Of(Uri url) =>
        url.Scheme is "http" or "https" && HostName.Of(url) is { } host ? new WebOrigin(url.Scheme, host, url.Port) : null;

    private bool HasDefaultPort => Port == (Scheme == "https" ? 443 : 80);

    /// <summary>
    /// Returns true if this is the origin of a request, given the origin of the URL that the proxy reports. If TLS is terminated in front
    /// of the proxy, the proxy reports a URL with http, and the browser sends an origin with https.
    /// </summary>
    public bool IsOriginOf(WebOrigin request) =>
        Host == request.Host
        && (Scheme == request.Scheme || Scheme == "https")
        && (Port == request.Port || (HasDefaultPort && request.HasDefaultPort));

    /// <summary>Returns the origin as browsers send it, without the default port.</summary>
    public override string ToString()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return HasDefaultPort
            ? $"{Scheme}://{host}"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Scheme}://{host}:{Port}");
    }
}
