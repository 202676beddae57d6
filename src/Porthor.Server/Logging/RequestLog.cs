using System.Net;
using System.Text.Json;
using Porthor.Ingress;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Logging;

/// <summary>
/// Contains the log fields of a request (contract/api.md 2.5). They are set as soon as they are known. All code that runs for the request
/// can access this object as <see cref="Current"/>. It does not refer to objects that are valid only during the request.
/// </summary>
internal sealed class RequestLog
{
    private static readonly AsyncLocal<RequestLog?> Ambient = new();

    private readonly Guid id = CreateId();
    private readonly string method;
    private readonly string scheme;
    private readonly string host;
    private readonly string path;
    private readonly string query;
    private readonly string? userAgent;
    private readonly IPAddress? address;

    private string? returnUrl;
    private string? oidcClient;
    private string? returnUri;
    private string? tokenSource;
    private string? token;
    private string? user;
    private ScopeSet? scopes;
    private bool hasLifetime;
    private long? lifetime;
    private IngressRule? rule;
    private string? originalUrl;
    private RateStatus? quota;
    private AuthorizationOutcome? outcome;

    public RequestLog(HttpRequest request, string scheme, IPAddress? address)
    {
        this.scheme = scheme;
        this.address = address;
        method = request.Method;
        // The raw header is used, because HttpRequest.Host decodes international names and throws if that fails.
        host = request.Headers.Host.ToString();
        path = request.Path.ToUriComponent();
        query = request.QueryString.ToUriComponent();
        if (request.Headers.UserAgent is [{ Length: > 0 } agent, ..])
            userAgent = agent;
    }

    public string RequestId => id.ToString();

    public string? Token => token;

    public string? User => user;

    public ScopeSet? Scopes => scopes;

    /// <summary>Gets whether the request is an authorization subrequest.</summary>
    public bool IsDecision => path is Routes.IngressAuth or Routes.IngressForward;

    /// <summary>Gets the outcome of an authorization subrequest; null if the request was answered before a decision.</summary>
    public AuthorizationOutcome? Outcome => outcome;

    /// <summary>Gets the service of an authorization subrequest; null if the rule names none or is invalid.</summary>
    public string? Service => rule?.Service;

    /// <summary>Gets or sets the fields of the current request; null outside of requests. The value flows to called methods.</summary>
    public static RequestLog? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>
    /// Returns the current fields, for a log line that is formatted later: a copy, or this object after <see cref="Decided"/>, because its
    /// fields no longer change then.
    /// </summary>
    public RequestLog Capture() => outcome is null ? (RequestLog)MemberwiseClone() : this;

    /// <summary>Sets the return URL of a login or logout.</summary>
    public void ReturnUrl(string? url) => returnUrl = url;

    /// <summary>Sets the client of a request to the OpenID Connect provider.</summary>
    /// <param name="clientId">The client ID.</param>
    /// <param name="redirectUri">The redirect URI; null if it is not logged.</param>
    public void OpenIdClient(string clientId, string? redirectUri = null) => (oidcClient, returnUri) = (clientId, redirectUri);

    /// <summary>Sets the source of the credential: <c>cookie</c>, <c>bearer</c>, <c>basic-username</c>, <c>basic-password</c>.</summary>
    public void TokenSource(string source) => tokenSource = source;

    /// <summary>Sets the token of the request.</summary>
    public void Authenticated(TokenRecord record, DateTimeOffset now)
    {
        Authenticated(record.Token.Key.Value, record.Username, record.Scopes);
        Lifetime(record.Expires is { } expires ? (long)(expires - now).TotalSeconds : null);
    }

    public void Authenticated(string token, string user, ScopeSet scopes) => (this.token, this.user, this.scopes) = (token, user, scopes);

    /// <summary>Sets the whole seconds until the token expires; null for never.</summary>
    public void Lifetime(long? seconds) => (hasLifetime, lifetime) = (true, seconds);

    /// <summary>Sets the rule and the original URL of an authorization subrequest (contract/ingress.md 12).</summary>
    public void Ingress(IngressRule requestRule, string? url) => (rule, originalUrl) = (requestRule, url);

    /// <summary>Sets the state of the user's request quota.</summary>
    public void Quota(RateStatus status) => quota = status;

    /// <summary>Sets the outcome of an authorization subrequest; null if the answer could not be written.</summary>
    public void Decided(AuthorizationOutcome? outcome) => this.outcome = outcome;

    public void WriteTo(Utf8JsonWriter writer, bool withUser = true)
    {
        writer.WriteStartObject("httpRequest");
        writer.WriteString("requestMethod", method);
        writer.WritePropertyName("requestUrl");
        foreach (var part in (ReadOnlySpan<string>)[scheme, "://", Redaction.Shown(host), Redaction.Shown(path)])
            writer.WriteStringValueSegment(part, isFinalSegment: false);
        writer.WriteStringValueSegment(Redaction.Shown(query), isFinalSegment: true);
        WriteAddress(writer);
        if (userAgent is not null)
            writer.WriteString("userAgent", Redaction.Shown(HeaderText.Decode(userAgent)));
        writer.WriteEndObject();
        writer.WriteString("request_id", id);
        if (rule is not null)
            Write(writer, rule, originalUrl);
        if (returnUrl is not null)
            writer.WriteString("return_url", Redaction.Shown(returnUrl));
        if (oidcClient is not null)
            writer.WriteString("oidc_client", Redaction.Shown(oidcClient));
        if (returnUri is not null)
            writer.WriteString("return_uri", Redaction.Shown(returnUri));
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

    private static void Write(Utf8JsonWriter writer, IngressRule rule, string? originalUrl)
    {
        writer.WriteString("auth_uri", originalUrl is null ? null : Redaction.Shown(originalUrl));
        LogFields.Write(writer, "required_scopes", rule.Scopes.Names);
        writer.WriteString("satisfy", rule.AnyScope ? "any" : "all");
        writer.WriteString("service", rule.Service is null ? null : Redaction.Shown(rule.Service));
        if (rule.OnlyServices is { } services)
            LogFields.Write(writer, "only_services", services);
        if (rule.Username is { } username)
            writer.WriteString("required_user", Redaction.Shown(username));
    }

    private void WriteAddress(Utf8JsonWriter writer)
    {
        Span<char> text = stackalloc char[65];
        var length = 0;
        address?.TryFormat(text, out length);
        writer.WriteString("remoteIp", text[..length]);
    }

    /// <summary>Creates a unique id. It is not secret, so it does not use the slower random number generator of the system.</summary>
    private static Guid CreateId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.Shared.NextBytes(bytes);
        // The version bits mark it as a random id (RFC 9562 section 5.4).
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
