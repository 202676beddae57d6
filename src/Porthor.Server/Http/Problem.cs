using System.Buffers;
using System.Text;
using System.Text.Json;
using Porthor.Server.Api.Validation;
using Porthor.Values;

namespace Porthor.Server.Http;

/// <summary>
/// An answer that is a refusal: its status, headers and body, in the reference's shapes (contract/api.md 2.3, 4).
/// </summary>
internal sealed class Problem
{
    private const string NoStore = "no-cache, no-store";

    private Problem(int status, string body)
    {
        Status = status;
        Body = body;
    }

    public int Status { get; }

    public string Body { get; }

    public Dictionary<string, string> Headers { get; } = [];

    /// <summary>A refusal of an operation: a list of one, with the place of the fault where there is one.</summary>
    public static Problem Of(PorthorError error)
    {
        var (status, type, location) = Kinds[error.Kind];
        var problem = new Problem(status, Detail(error.Message, type, location));
        if (error.Kind == ErrorKind.StoreUnavailable)
        {
            problem.Headers["Cache-Control"] = NoStore;
            problem.Headers["Retry-After"] = "1";
        }
        return problem;
    }

    /// <summary>What is wrong with a request, all of it.</summary>
    public static Problem Of(ValidationErrors errors) => new(StatusCodes.Status422UnprocessableEntity, errors.ToJson());

    /// <summary>No credentials, or a cookie whose token is dead. Its <c>detail</c> is an object, unlike all others'.</summary>
    public static Problem NotAuthenticated(string realm) => new(
        StatusCodes.Status401Unauthorized, Json(writer =>
        {
            writer.WriteStartObject("detail");
            writer.WriteString("msg", "Authentication required");
            writer.WriteString("type", "no_authorization");
            writer.WriteEndObject();
        }))
    {
        Headers = { ["Cache-Control"] = NoStore, ["WWW-Authenticate"] = $"Bearer realm=\"{realm}\"" },
    };

    /// <summary>
    /// Bad credentials. NGINX lets only 401 and 403 through, so another status travels in a header.
    /// </summary>
    public static Problem Challenge(string realm, PorthorError error)
    {
        var (intended, type) = error.Kind == ErrorKind.InvalidRequest ? (400, "invalid_request") : (401, "invalid_token");
        var description = error.Message.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal);
        return new Problem(intended == 401 ? 401 : 403, Detail(error.Message, type, location: null))
        {
            Headers =
            {
                ["Cache-Control"] = NoStore,
                ["WWW-Authenticate"] = HeaderText($"Bearer realm=\"{realm}\", error=\"{type}\", error_description=\"{description}\""),
                ["X-Error-Status"] = intended.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["X-Error-Body"] = ErrorBodyHeader(error.Message, type),
            },
        };
    }

    public static Problem InvalidCsrf(string message) =>
        new(StatusCodes.Status403Forbidden, Detail(message, "invalid_csrf", ["header", "X-CSRF-Token"]));

    /// <summary>A refusal that belongs to no operation, in the usual shape.</summary>
    public static Problem Of(int status, string message, string type) => new(status, Detail(message, type, location: null));

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
        StatusCodes.Status422UnprocessableEntity, """{"detail":{"msg":"No client IP address","type":"missing_client_ip"}}""");

    /// <summary>A refusal of the framework: a text.</summary>
    public static Problem Text(int status, string detail) => new(status, Json(writer => writer.WriteString("detail", detail)));

    public ProblemException ToException() => new(this);

    public async Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        response.ContentType = "application/json";
        foreach (var (name, value) in Headers)
            response.Headers[name] = value;
        var bytes = Encoding.UTF8.GetBytes(Body);
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes);
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
        [ErrorKind.NotConfigured] = (404, "not_supported", null),
        [ErrorKind.NotFound] = (404, "not_found", ["path", "key"]),
        [ErrorKind.PermissionDenied] = (403, "permission_denied", null),
        [ErrorKind.StoreUnavailable] = (503, "store_unavailable", null),
    };

    private static string Detail(string message, string type, string[]? location) => Json(writer =>
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

    private static string Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
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

    /// <summary>What a header may hold: no control characters, whatever the client sent.</summary>
    private static string HeaderText(string text) => string.Concat(text.Select(c => c is < ' ' or (char)127 ? '?' : c));
}

/// <summary>Ends a request with a refusal.</summary>
internal sealed class ProblemException(Problem problem) : Exception($"Refused with status {problem.Status}.")
{
    public Problem Problem { get; } = problem;
}
