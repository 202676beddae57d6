using System.Net;
using System.Text.Json;
using Porthor.Server.Ingress;
using Porthor.Values;

namespace Porthor.Server.Logging;

/// <summary>
/// What every line of a request carries, added to as it becomes known (contract/api.md 2.5). It is the scope of the
/// request's log lines, and holds nothing that ends with the request.
/// </summary>
internal sealed class RequestLog
{
    private const string LoginPath = "/login";

    private readonly Guid id = Guid.NewGuid();
    private readonly string method;
    private readonly string scheme;
    private readonly string host;
    private readonly string path;
    private readonly string query;
    private readonly string? userAgent;
    private readonly IPAddress? address;

    private string? returnUrl;
    private string? tokenSource;
    private string? token;
    private string? user;
    private ScopeSet? scopes;
    private bool hasLifetime;
    private long? lifetime;
    private IngressRule? rule;
    private RateStatus? quota;

    public RequestLog(HttpRequest request, string scheme, IPAddress? address)
    {
        this.scheme = scheme;
        this.address = address;
        method = request.Method;
        // The header itself: HttpRequest.Host decodes international names, and throws where that fails.
        host = request.Headers.Host.ToString();
        path = request.Path.ToUriComponent();
        query = path == LoginPath ? WithoutCodes(request.QueryString.ToUriComponent()) : request.QueryString.ToUriComponent();
        if (request.Headers.UserAgent is [{ Length: > 0 } agent, ..])
            userAgent = agent;
    }

    public string RequestId => id.ToString();

    public string? Token => token;

    public string? User => user;

    /// <summary>Whether a proxy asks who may pass.</summary>
    public bool IsDecision => path is "/ingress/auth" or "/ingress/forward";

    /// <summary>The service of a proxy's question; null if it names none, or could not be read.</summary>
    public string? Service => rule?.Service;

    public static RequestLog? Of(HttpContext context) => context.Features.Get<RequestLog>();

    /// <summary>These fields as they are now.</summary>
    public RequestLog Capture() => (RequestLog)MemberwiseClone();

    /// <summary>Where a login or logout is to lead.</summary>
    public void ReturnUrl(string url) => returnUrl = url;

    /// <summary>Where the credential was found: <c>cookie</c>, <c>bearer</c>, <c>basic-username</c>, <c>basic-password</c>.</summary>
    public void TokenSource(string source) => tokenSource = source;

    public void Authenticated(string token, string user, ScopeSet scopes) => (this.token, this.user, this.scopes) = (token, user, scopes);

    /// <summary>Whole seconds until the token expires; null if it never does.</summary>
    public void Lifetime(long? seconds) => (hasLifetime, lifetime) = (true, seconds);

    /// <summary>What a proxy asked (contract/ingress.md 12).</summary>
    public void Ingress(IngressRule asked) => rule = asked;

    /// <summary>What is left of the user's requests.</summary>
    public void Quota(RateStatus status) => quota = status;

    public void WriteTo(Utf8JsonWriter writer, bool withUser = true)
    {
        writer.WriteStartObject("httpRequest");
        writer.WriteString("requestMethod", method);
        writer.WriteString("requestUrl", $"{scheme}://{host}{path}{query}");
        writer.WriteString("remoteIp", address?.ToString() ?? "");
        if (userAgent is not null)
            writer.WriteString("userAgent", userAgent);
        writer.WriteEndObject();
        writer.WriteString("request_id", id);
        if (rule is not null)
            Write(writer, rule);
        if (returnUrl is not null)
            writer.WriteString("return_url", returnUrl);
        if (tokenSource is not null)
            writer.WriteString("token_source", tokenSource);
        if (token is not null)
        {
            writer.WriteString("token", token);
            if (withUser)
                writer.WriteString("user", user);
            LogFields.Write(writer, "scopes", scopes!.Names);
        }
        if (hasLifetime)
            LogFields.Write(writer, "lifetime_seconds", lifetime);
        if (quota is null)
            return;
        writer.WriteStartObject("quota");
        writer.WriteNumber("limit", quota.Limit);
        writer.WriteNumber("used", quota.Used);
        writer.WriteString("reset", quota.Reset.ToLogText());
        writer.WriteEndObject();
    }

    /// <summary>A provider's code is good for a login, and a line may be read before it is redeemed.</summary>
    private static string WithoutCodes(string query) => string.Join('&', query.Split('&').Select(part =>
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        return equals >= 0 && Uri.UnescapeDataString(part[..equals]).TrimStart('?') is "code" or "state" ? part[..(equals + 1)] + "***" : part;
    }));

    private static void Write(Utf8JsonWriter writer, IngressRule rule)
    {
        writer.WriteString("auth_uri", rule.OriginalUrl);
        LogFields.Write(writer, "required_scopes", rule.Scopes.Names);
        writer.WriteString("satisfy", rule.AnyScope ? "any" : "all");
        writer.WriteString("service", rule.Service);
        if (rule.OnlyServices is { } services)
            LogFields.Write(writer, "only_services", services);
        if (rule.Username is { } username)
            writer.WriteString("required_user", username);
    }
}
