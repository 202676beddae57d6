using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Porthor.Ingress;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Represents an error response: status, headers and body, in the formats of the reference (contract/api.md 2.3, 4).
/// </summary>
internal sealed class Problem
{
    /// <summary>The value of <c>Retry-After</c> if a store or directory is unavailable: one second.</summary>
    public const string RetrySoon = "1";

    // The most frequent responses are cached, one for each challenge.
    private static readonly ConcurrentDictionary<(Challenge Challenge, bool IsAjax), Problem> Unauthenticated = new();
    private static readonly ConcurrentDictionary<Challenge, Problem> UnknownTokens = new();

    private readonly byte[] body;
    private readonly KeyValuePair<string, string>[] headers;

    /// <summary>The error code; null if the body has another format than that of <see cref="Denied"/>.</summary>
    private string? type;

    private Problem(int status, byte[] body, string? message = null, params KeyValuePair<string, string>[] headers)
    {
        (Status, IntendedStatus) = (status, status);
        Message = message;
        this.body = body;
        this.headers = headers;
    }

    public int Status { get; }

    /// <summary>Gets the status for the user. It differs from <see cref="Status"/> after <see cref="WithNginxStatus"/>.</summary>
    public int IntendedStatus { get; private init; }

    /// <summary>Gets the scopes that a location requires; null if the error does not concern scopes.</summary>
    public ScopeSet? RequiredScopes { get; private init; }

    /// <summary>Gets the message for people; null if only the body contains it.</summary>
    public string? Message { get; }

    /// <summary>Gets whether the response has a <c>WWW-Authenticate</c> header.</summary>
    public bool IsChallenge => Array.Exists(headers, header => header.Key == "WWW-Authenticate");

    /// <summary>Gets the value of <c>Retry-After</c>; null if the response has no such header.</summary>
    public string? RetryAfter => Array.Find(headers, header => header.Key == "Retry-After").Value;

    /// <summary>Returns a copy with an additional header.</summary>
    public Problem With(string name, string value) =>
        new(Status, body, Message, [.. headers, new(name, value)])
        {
            IntendedStatus = IntendedStatus,
            RequiredScopes = RequiredScopes,
            type = type,
        };

    /// <summary>Returns a copy with the whole seconds after which the client may try again.</summary>
    private Problem WithRetryAfter(TimeSpan wait) =>
        With("Retry-After", Math.Ceiling(wait.TotalSeconds).ToString("0", CultureInfo.InvariantCulture));

    /// <summary>Returns a copy with the required scopes.</summary>
    public Problem Requiring(ScopeSet? scopes) =>
        new(Status, body, Message, headers) { IntendedStatus = IntendedStatus, RequiredScopes = scopes, type = type };

    /// <summary>
    /// Creates the response for the error of an operation. The body is a list with one error, with the location of the error if it has one.
    /// </summary>
    public static Problem Of(PorthorError error)
    {
        var (status, type, location) = Kinds[error.Kind];
        var problem = new Problem(status, Detail(error.Message, type, location), error.Message);
        if (error.Kind is ErrorKind.StoreUnavailable or ErrorKind.UserInfoFailed)
            problem = problem.With("Cache-Control", CacheControl.NoCacheNoStore);
        if (error.Kind == ErrorKind.StoreUnavailable)
            problem = problem.With("Retry-After", RetrySoon);
        if (error.RetryAfter is { } wait)
            problem = problem.WithRetryAfter(wait);
        return problem;
    }

    /// <summary>Creates the response for an invalid request, with all validation errors.</summary>
    public static Problem Of(ValidationErrors errors) =>
        new(StatusCodes.Status422UnprocessableEntity, errors.ToJson().ToArray());

    /// <summary>
    /// Creates the response for missing credentials or an invalid session cookie. Its <c>detail</c> is an object, not a list.
    /// </summary>
    /// <param name="isAjax">
    /// True for a request of a script. The status is then 403, so that the browser does not show a login form (contract/ingress.md 5).
    /// </param>
    public static Problem NotAuthenticated(Challenge challenge, bool isAjax = false) => Unauthenticated.GetOrAdd(
        (challenge, isAjax), static key => BadCredentials(
            key.IsAjax ? 403 : 401, "Authentication required", "no_authorization", key.Challenge.Plain));

    /// <summary>Creates the response for a well-formed token that does not exist.</summary>
    public static Problem UnknownToken(Challenge challenge) =>
        UnknownTokens.GetOrAdd(challenge, static challenge => Challenged(challenge, DeniedAnswer.UnknownToken));

    /// <summary>Creates the response of the API for invalid credentials (contract/api.md 4).</summary>
    public static Problem Challenged(Challenge challenge, PorthorError error)
    {
        var (status, type) = error.Kind == ErrorKind.InvalidRequest ? (400, "invalid_request") : (401, "invalid_token");
        return Denied(status, error.Message, type, challenge.WithError(type, error.Message)).WithNginxStatus();
    }

    /// <summary>Creates a response whose <c>detail</c> is an object, not a list (contract/ingress.md 5, kinds A and A').</summary>
    public static Problem BadCredentials(int status, string message, string type, string challenge) => new(
        status,
        Json(writer =>
        {
            writer.WriteStartObject("detail");
            writer.WriteString("msg", message);
            writer.WriteString("type", type);
            writer.WriteEndObject();
        }),
        message: null,
        new("Cache-Control", CacheControl.NoCacheNoStore),
        new("WWW-Authenticate", challenge));

    /// <summary>Creates the response for a denied request: a list of one error (contract/ingress.md 5, kinds B and C).</summary>
    /// <param name="challenge">The <c>WWW-Authenticate</c> header; null for none.</param>
    public static Problem Denied(int status, string message, string type, string? challenge)
    {
        var problem = new Problem(
            status, Detail(message, type, location: null), message,
            new KeyValuePair<string, string>("Cache-Control", CacheControl.NoCacheNoStore))
        { type = type };
        return challenge is null ? problem : problem.With("WWW-Authenticate", challenge);
    }

    /// <summary>
    /// Returns the response for NGINX, which accepts only some statuses from a subrequest: another status becomes 403. The headers
    /// <c>X-Error-Status</c> and <c>X-Error-Body</c> contain the original status and body, and the NGINX configuration sends them to the
    /// user. A problem that <see cref="Denied"/> did not create is returned unchanged.
    /// </summary>
    public Problem WithNginxStatus()
    {
        if (type is null)
            return this;
        var status = Status is 401 or 403 or 503 ? Status : 403;
        var intended = Status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new(
            status, body, Message,
            [.. headers, new("X-Error-Status", intended), new("X-Error-Body", ErrorBodyHeader(Message!, type))])
        {
            IntendedStatus = Status,
            RequiredScopes = RequiredScopes,
        };
    }

    /// <summary>Creates the response for two parameters that exclude each other. Its location is the parameter to change.</summary>
    public static Problem Misused(string parameter, string message, string type) =>
        new(StatusCodes.Status422UnprocessableEntity, Detail(message, type, ["query", parameter]), message);

    /// <summary>Creates an error response about a query parameter.</summary>
    public static Problem OfParameter(int status, string parameter, string message, string type) =>
        new(status, Detail(message, type, ["query", parameter]), message);

    /// <summary>Creates an error response in the form of OAuth (RFC 6749 section 5.2).</summary>
    public static Problem OAuth(int status, string error, string description) => new(status, Json(writer =>
    {
        writer.WriteString("error", error);
        writer.WriteString("error_description", description);
    }));

    /// <summary>Creates the response in the form of OAuth for a store or directory that does not respond.</summary>
    public static Problem OAuthUnavailable(string description) =>
        OAuth(StatusCodes.Status503ServiceUnavailable, "temporarily_unavailable", description)
            .With("Cache-Control", CacheControl.NoCacheNoStore).With("Retry-After", RetrySoon);

    /// <summary>Creates the response in the form of OAuth for a client that must wait before its next attempt.</summary>
    public static Problem OAuthTooManyRequests(string error, string description, TimeSpan wait) =>
        OAuth(StatusCodes.Status429TooManyRequests, error, description)
            .With("Cache-Control", CacheControl.NoCacheNoStore).WithRetryAfter(wait);

    public static Problem InvalidCsrf(string message) =>
        new(StatusCodes.Status403Forbidden, Detail(message, "invalid_csrf", ["header", "X-CSRF-Token"]));

    /// <summary>Creates the response for a URL of more than this number of bytes.</summary>
    public static Problem UrlTooLong(int longest) =>
        Of(StatusCodes.Status414UriTooLong, $"The URL is longer than {longest} bytes", "url_too_long");

    /// <summary>Creates an error response with a message and a type, in the usual format.</summary>
    public static Problem Of(int status, string message, string type) => new(status, Detail(message, type, location: null), message);

    /// <summary>Creates an error response in which the type is before the message, as in some routes of the reference.</summary>
    public static Problem TypeFirst(int status, string type, string message) => new(status, Json(writer =>
    {
        writer.WriteStartArray("detail");
        writer.WriteStartObject();
        writer.WriteString("type", type);
        writer.WriteString("msg", message);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }));

    /// <summary>Creates the response for an unknown client address. Its <c>detail</c> is an object, not a list.</summary>
    public static Problem MissingClientAddress() => new(
        StatusCodes.Status422UnprocessableEntity, """{"detail":{"msg":"No client IP address","type":"missing_client_ip"}}"""u8.ToArray());

    /// <summary>Creates an error response whose <c>detail</c> is a text, as the framework of the reference writes it.</summary>
    public static Problem Text(int status, string detail) => new(status, Json(writer => writer.WriteString("detail", detail)));

    public ProblemException ToException() => new(this);

    /// <summary>Writes the response. A browser that opens a page gets HTML, except from the OpenID Connect provider.</summary>
    public async Task WriteAsync(HttpResponse response)
    {
        var content = body;
        response.StatusCode = Status;
        response.ContentType = "application/json";
        response.Headers.XContentTypeOptions = "nosniff";
        var page = response.HttpContext.RequestServices?.GetService<IDenialPage>();
        if (page is not null && !OAuthRoute.Has(response.HttpContext) && page.IsWanted(response.HttpContext, IntendedStatus))
        {
            content = await page.RenderAsync(response.HttpContext, this);
            response.ContentType = "text/html; charset=utf-8";
            response.Headers.Append("Vary", "Accept");
            PageHeaders.Write(response, page.Policy);
        }
        else if (page?.UserForProxy(response.HttpContext) is { } user)
        {
            response.Headers["X-Error-User"] = user;
        }
        foreach (var (name, value) in headers)
            response.Headers[name] = value;
        response.ContentLength = content.Length;
        response.BodyWriter.Write(content);
    }

    /// <summary>The status, type and location of each kind of error (contract/api.md 4.2).</summary>
    private static readonly Dictionary<ErrorKind, (int Status, string Type, string[]? Location)> Kinds = new()
    {
        [ErrorKind.DuplicateTokenName] = (409, "duplicate_token_name", ["body", "token_name"]),
        [ErrorKind.InvalidCursor] = (422, "invalid_cursor", ["query", "cursor"]),
        [ErrorKind.InvalidExpires] = (422, "invalid_expires", ["body", "expires"]),
        [ErrorKind.InvalidIpAddress] = (422, "invalid_ip_address", ["query", "ip_address"]),
        [ErrorKind.InvalidMinimumLifetime] = (422, "invalid_minimum_lifetime", ["query", "minimum_lifetime"]),
        [ErrorKind.InvalidRequest] = (400, "invalid_request", null),
        [ErrorKind.InvalidScopes] = (422, "invalid_scopes", ["body", "scopes"]),
        [ErrorKind.InvalidToken] = (401, "invalid_token", null),
        [ErrorKind.InvalidTokenName] = (422, "invalid_token_name", ["body", "token_name"]),
        [ErrorKind.NotConfigured] = (404, "not_supported", null),
        [ErrorKind.NotFound] = (404, "not_found", ["path", "key"]),
        [ErrorKind.PermissionDenied] = (403, "permission_denied", null),
        [ErrorKind.RateLimited] = (429, "rate_limited", null),
        [ErrorKind.StoreUnavailable] = (503, "store_unavailable", null),
        [ErrorKind.UnstorableValue] = (422, "value_error", null),
        [ErrorKind.UserInfoFailed] = (500, "user_info_failed", null),
    };

    private static byte[] Detail(string message, string type, string[]? location) => Json(writer =>
    {
        writer.WriteStartArray("detail");
        writer.WriteStartObject();
        writer.WriteString("msg", message);
        writer.WriteString("type", type);
        if (location is not null)
        {
            writer.WriteStartArray("loc");
            foreach (var step in location)
                writer.WriteStringValue(step);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
        writer.WriteEndArray();
    });

    private static byte[] Json(Action<Utf8JsonWriter> write) => ReferenceJson.WriteObject(write).ToArray();

    /// <summary>Formats the body for a header: with a blank after each separator, and with only ASCII characters.</summary>
    private static string ErrorBodyHeader(string message, string type) =>
        $$"""{"detail": [{"msg": {{AsciiJson(message)}}, "type": "{{type}}"}]}""";

    private static string AsciiJson(string text)
    {
        var json = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                json.Append('\\').Append(c);
            else if (c is < ' ' or > '~')
                json.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                json.Append(c);
        }
        return json.Append('"').ToString();
    }
}

/// <summary>Represents an error whose response is a <see cref="Problem"/>.</summary>
internal sealed class ProblemException(Problem problem) : Exception($"Error response with status {problem.Status}.")
{
    public Problem Problem { get; } = problem;
}
