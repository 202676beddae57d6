using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Porthor.Server.Api.Validation;
using Porthor.Server.Web;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// An answer that is a refusal: its status, headers and body, in the reference's shapes (contract/api.md 2.3, 4).
/// </summary>
internal sealed class Problem
{
    private const string NoStore = "no-cache, no-store";

    /// <summary>Why a token is refused that nothing is known of.</summary>
    public static readonly PorthorError Unknown = PorthorError.InvalidToken("Token is not valid");

    // What is answered most often is made once for each way to ask for credentials.
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

    /// <summary>The status for the user. NGINX does not let every status through, so that <see cref="Status"/> may be another one.</summary>
    public int MeantStatus { get; private init; }

    /// <summary>The scopes that a location requires; null if the refusal is not about scopes.</summary>
    public ScopeSet? RequiredScopes { get; private init; }

    /// <summary>What was refused, for people; null if the body alone tells it.</summary>
    public string? Message { get; }

    /// <summary>Whether it asks for credentials.</summary>
    public bool IsChallenge => Array.Exists(headers, header => header.Key == "WWW-Authenticate");

    /// <summary>The value of <c>Retry-After</c>; null if the response has no such header.</summary>
    public string? RetryAfter => Array.Find(headers, header => header.Key == "Retry-After").Value;

    /// <summary>The same with another header.</summary>
    public Problem With(string name, string value) =>
        new(Status, body, Message, [.. headers, new(name, value)]) { MeantStatus = MeantStatus, RequiredScopes = RequiredScopes };

    /// <summary>Returns the same with the scopes that are required.</summary>
    public Problem Requiring(ScopeSet? scopes) => new(Status, body, Message, headers) { MeantStatus = MeantStatus, RequiredScopes = scopes };

    /// <summary>A refusal of an operation: a list of one, with the place of the fault where there is one.</summary>
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

    /// <summary>What is wrong with a request, all of it.</summary>
    public static Problem Of(ValidationErrors errors) => new(StatusCodes.Status422UnprocessableEntity, Encoding.UTF8.GetBytes(errors.ToJson()));

    /// <summary>No credentials, or a cookie whose token is dead. Its <c>detail</c> is an object, unlike all others'.</summary>
    /// <param name="isAjax">The request is a script's, to which a browser must not show a form: 403 (contract/ingress.md 5).</param>
    public static Problem NotAuthenticated(Challenge challenge, bool isAjax = false) => Unauthenticated.GetOrAdd(
        (challenge, isAjax), static key => Single(key.IsAjax, "Authentication required", "no_authorization", key.Challenge.Plain));

    /// <summary>A token that looks like one, and is none of ours.</summary>
    public static Problem UnknownToken(Challenge challenge) =>
        UnknownTokens.GetOrAdd(challenge, static challenge => Challenged(challenge, Unknown));

    /// <summary>The token is good, but not for as long as was asked (contract/ingress.md 5, kind A').</summary>
    public static Problem LifetimeTooShort(Challenge challenge, bool isAjax)
    {
        const string message = "Remaining token lifetime too short";
        return Single(isAjax, message, "invalid_token", challenge.WithError("invalid_token", message));
    }

    /// <summary>Bad credentials (contract/api.md 4).</summary>
    public static Problem Challenged(Challenge challenge, PorthorError error)
    {
        var (intended, type) = error.Kind == ErrorKind.InvalidRequest ? (400, "invalid_request") : (401, "invalid_token");
        return Intended(intended, error.Message, type, challenge.WithError(type, error.Message));
    }

    /// <summary>
    /// A refusal whose status a proxy may not let through: NGINX knows only 401 and 403, so that the one that is meant
    /// travels in a header, with the body (contract/ingress.md 5, kinds B and C).
    /// </summary>
    /// <param name="challenge">Null for none.</param>
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

    /// <summary>Two parameters that do not go together, with the place of the one to change.</summary>
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

    /// <summary>A refusal that belongs to no operation, in the usual shape.</summary>
    public static Problem Of(int status, string message, string type) => new(status, Detail(message, type, location: null), message);

    /// <summary>As the reference writes it where a route does so by hand: type before message.</summary>
    public static Problem TypeFirst(int status, string type, string message) => new(status, Json(writer =>
    {
        writer.WriteStartArray("detail");
        writer.WriteStartObject();
        writer.WriteString("type", type);
        writer.WriteString("msg", message);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }));

    /// <summary>The client's address is not known; its <c>detail</c> is an object too.</summary>
    public static Problem MissingClientAddress() => new(
        StatusCodes.Status422UnprocessableEntity, """{"detail":{"msg":"No client IP address","type":"missing_client_ip"}}"""u8.ToArray());

    /// <summary>A refusal of the framework: a text.</summary>
    public static Problem Text(int status, string detail) => new(status, Json(writer => writer.WriteString("detail", detail)));

    public ProblemException ToException() => new(this);

    /// <summary>Writes the response, to a browser that opens a page as HTML; it is sent when the request ends.</summary>
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

    /// <summary>Which status, type and place each kind of refusal has (contract/api.md 4.2).</summary>
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

    /// <summary>The body once more for a header: a blank after each separator, and nothing but ASCII.</summary>
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

/// <summary>Ends a request with a refusal.</summary>
internal sealed class ProblemException(Problem problem) : Exception($"Refused with status {problem.Status}.")
{
    public Problem Problem { get; } = problem;
}
