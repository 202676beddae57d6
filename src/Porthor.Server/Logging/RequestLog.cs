using Porthor.Server.Ingress;
using Porthor.Values;

namespace Porthor.Server.Logging;

/// <summary>
/// What every line of a request carries, added to as it becomes known (contract/api.md 2.5). It is the scope of the
/// request's log lines.
/// </summary>
internal sealed class RequestLog(HttpContext context, string requestUrl, string remoteIp)
{
    private readonly List<KeyValuePair<string, object?>> fields = new(6);

    public string RequestId { get; } = Guid.NewGuid().ToString();

    public IEnumerable<KeyValuePair<string, object?>> Fields =>
    [
        new("httpRequest", HttpRequest()),
        new("request_id", RequestId),
        .. fields,
    ];

    public static RequestLog? Of(HttpContext context) => context.Features.Get<RequestLog>();

    /// <summary>Where the credential was found: <c>cookie</c>, <c>bearer</c>, <c>basic-username</c>, <c>basic-password</c>.</summary>
    public void TokenSource(string source) => Set("token_source", source);

    public void Authenticated(string token, string user, ScopeSet scopes)
    {
        Set("token", token);
        Set("user", user);
        Set("scopes", scopes.Names);
    }

    /// <summary>Whole seconds until the token expires; null if it never does.</summary>
    public void Lifetime(long? seconds) => Set("lifetime_seconds", seconds);

    /// <summary>What a proxy asked (contract/ingress.md 12).</summary>
    public void Ingress(IngressRule rule)
    {
        Set("auth_uri", rule.OriginalUrl);
        Set("required_scopes", rule.Scopes.Names);
        Set("satisfy", rule.AnyScope ? "any" : "all");
        Set("service", rule.Service);
        if (rule.OnlyServices is { } services)
            Set("only_services", services);
        if (rule.Username is { } username)
            Set("required_user", username);
    }

    /// <param name="reset">When counting begins anew.</param>
    public void Quota(long limit, long used, DateTimeOffset reset) => Set("quota", new Dictionary<string, object>
    {
        ["limit"] = limit,
        ["used"] = used,
        ["reset"] = reset.ToLogText(),
    });

    private void Set(string name, object? value)
    {
        fields.RemoveAll(field => field.Key == name);
        fields.Add(new(name, value));
    }

    private Dictionary<string, string> HttpRequest()
    {
        var request = new Dictionary<string, string>
        {
            ["requestMethod"] = context.Request.Method,
            ["requestUrl"] = requestUrl,
            ["remoteIp"] = remoteIp,
        };
        if (context.Request.Headers.UserAgent is [{ Length: > 0 } userAgent, ..])
            request["userAgent"] = userAgent;
        return request;
    }
}
