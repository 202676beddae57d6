using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Porthor.Server.Api.Validation;
using Porthor.Server.Web;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Represents an error response: its status, headers and body, in the forms of the reference (contract/api.md 2.3, 4).
/// </summary>
internal sealed class Problem
{
    private const string NoStore = "no-cache, no-store";

    /// <summary>The error for an unknown token.</summary>
    public static readonly PorthorError Unknown = PorthorError.InvalidToken("Token is not valid");

    // The most frequent responses are cached, one for each challenge.
    private static readonly ConcurrentDictionary<(Challenge Challenge, bool IsAjax), Problem> Unauthenticated = new();
    private static readonly ConcurrentDictionary<Challenge, Problem> UnknownTokens = new();

    private readonly byte[] body;
    private readonly KeyValuePair<string, string>[] headers;

    private Problem(int status, byte[] body, string? message = null, params KeyValuePair<string, string>[] headers)
    {
        (Status, MeantStatus) = (status, status);
        Message = message;
        this.body = body;
        this.headers = headers;
    }

    public int Status { get; }

    /// <summary>Gets the status for the user. It differs from <see cref="Status"/> if NGINX does not pass the status on.</summary>
    public int MeantStatus { get; private init; }

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
        new(Status, body, Message, [.. headers, new(name, value)]) { MeantStatus = MeantStatus, RequiredScopes = RequiredScopes };

    /// <summary>Returns a copy with the required scopes.</summary>
    public Problem Requiring(ScopeSet? scopes) => new(Status, body, Message, headers) { MeantStatus = MeantStatus, RequiredScopes = scopes };

    /// <summary>
    /// Creates the response for the error of an operation: a list with one entry, with the location of the error if it has one.
    /// </summary>
    public static Problem Of(PorthorError error)
    {
        var (status, type, location) = Kinds[error.Kind];
        var problem = new Problem(status, Detail(error.Message, type, location), error.Message);
        if (error.Kind is ErrorKind.StoreUnavailable or ErrorKind.UserInfoFailed)
            problem = problem.With("Cache-Control", NoStore);
        if (error.Kind == ErrorKind.StoreUnavailable)
            problem = problem.With("Retry-After", "1");
        if (error.RetryAfter is { } wait)
            problem = problem.With("Retry-After", Math.Ceiling(wait.TotalSeconds).ToString("0", System.Globalization.CultureInfo.InvariantCulture));
        return problem;
    }

    /// <summary>Creates the response for an invalid request, with all validation errors.</summary>
    public static Problem Of(ValidationErrors errors) => new(StatusCodes.Status422UnprocessableEntity, Encoding.UTF8.GetBytes(errors.ToJson()));

    /// <summary>
    /// Creates the response for missing credentials or an invalid session cookie. Its <c>detail</c> is an object, not a list.
    /// </summary>
    /// <param name="isAjax">
    /// True for a request of a script, for which the browser must not show a login form: 403 (contract/ingress.md 5).
    /// </param>
    public static Problem NotAuthenticated(Challenge challenge, bool isAjax = false) => Unauthenticated.GetOrAdd(
        (challenge, isAjax), static key => Single(key.IsAjax, "Authentication required", "no_authorization", key.Challenge.Plain));

    /// <summary>Creates the response for a well-formed token that does not exist.</summary>
    public static Problem UnknownToken(Challenge challenge) =>
        UnknownTokens.GetOrAdd(challenge, static challenge => Challenged(challenge, Unknown));

    /// <summary>Creates the response for a valid token whose remaining lifetime is too short (contract/ingress.md 5, kind A').</summary>
    public static Problem LifetimeTooShort(Challenge challenge, bool isAjax)
    {
        const string message = "Remaining token lifetime too short";
        return Single(isAjax, message, "invalid_token", challenge.WithError("invalid_token", message));
    }

    /// <summary>Creates the response for invalid credentials (contract/api.md 4).</summary>
    public static Problem Challenged(Challenge challenge, PorthorError error)
    {
        var (intended, type) = error.Kind == ErrorKind.InvalidRequest ? (400, "invalid_request") : (401, "invalid_token");
        return Intended(intended, error.Message, type, challenge.WithError(type, error.Message));
    }

    /// <summary>
    /// Creates the response of an authorization subrequest whose status NGINX would not pass on: NGINX supports only 401 and 403. The
    /// intended status and the body are sent in headers (contract/ingress.md 5, kinds B and C).
    /// </summary>
    /// <param name="challenge">The <c>WWW-Authenticate</c> header; null for none.</param>
    public static Problem Intended(int intended, string message, string type, string? challenge)
    {
        var problem = new Problem(
            intended is 401 or 403 or 503 ? intended : 403,
            Detail(message, type, location: null),
            message,
            new("Cache-Control", NoStore),
            new("X-Error-Status", intended.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            new("X-Error-Body", ErrorBodyHeader(message, type)))
        {
            MeantStatus = intended,
        };
        return challenge is null ? problem : problem.With("WWW-Authenticate", challenge);
    }

    /// <summary>Creates the response for two parameters that exclude each other, with the location of the one to change.</summary>
    public static Problem Misused(string parameter, string message, string type) =>
        new(StatusCodes.Status422UnprocessableEntity, Detail(message, type, ["query", parameter]), message);

    private static Problem Single(bool isAjax, string message, string type, string challenge) => new(
        isAjax ? StatusCodes.Status403Forbidden : StatusCodes.Status401Unauthorized,
        Json(writer =>
        {
            writer.WriteStartObject("detail");
            writer.WriteString("msg", message);
            writer.WriteString("type", type);
            writer.WriteEndObject();
        }),
        message: null,
        new("Cache-Control", NoStore),
        new("WWW-Authenticate", challenge));

    public static Problem InvalidCsrf(string message) =>
        new(StatusCodes.Status403Forbidden, Detail(message, "invalid_csrf", ["header", "X-CSRF-Token"]));

    /// <summary>Creates an error response with a message and a type, in the usual form.</summary>
    public static Problem Of(int status, string message, string type) => new(status, Detail(message, type, location: null), message);

    /// <summary>Creates an error response with the type before the message, as some routes of the reference write it.</summary>
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

    /// <summary>Writes the response. A browser that opens a page gets HTML.</summary>
    public async Task WriteAsync(HttpResponse response)
    {
        var content = body;
        response.StatusCode = Status;
        response.ContentType = "application/json";
        response.Headers.XContentTypeOptions = "nosniff";
        if (DenialPage.IsWanted(response.HttpContext, MeantStatus))
        {
            content = await DenialPage.RenderAsync(response.HttpContext, this);
            response.ContentType = "text/html; charset=utf-8";
            response.Headers.Append("Vary", "Accept");
            PageHeaders.Write(response, DenialPage.Policy);
        }
        else if (DenialPage.UserForProxy(response.HttpContext) is { } user)
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

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Formats the body for a header: with a blank after each separator, and in ASCII.</summary>
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

/// <summary>Represents an error that ends the request with a <see cref="Problem"/>.</summary>
internal sealed class ProblemException(Problem problem) : Exception($"Error response with status {problem.Status}.")
{
    public Problem Problem { get; } = problem;
}
