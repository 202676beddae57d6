using System.Globalization;
using Microsoft.OpenApi;
using Porthor.Server.Values;

namespace Porthor.Server.Api.Description;

/// <summary>
/// Adds details to the generated API description that the C# types do not express: which values can be null, which values have several
/// formats, and which headers a response has. A test validates recorded responses against the result.
/// </summary>
internal static class DescriptionDetails
{
    /// <summary>The optional fields that may be null, by schema.</summary>
    private static readonly Dictionary<string, string[]> NullableFields = new()
    {
        ["UserTokenBody"] = ["expires"],
        ["AdminTokenBody"] = ["token_name", "expires", "name", "email", "uid", "gid", "groups"],
        ["TokenEditBody"] = ["token_name", "scopes", "expires"],
        ["Quota"] = ["notebook"],
        ["TokenChange"] = ["old_expires"],
    };

    private static readonly Dictionary<string, string> TagTexts = new()
    {
        ["tokens"] = "Create, list, edit and revoke tokens",
        ["history"] = "Changes and usage of tokens",
        ["users"] = "Users and groups",
        ["quotas"] = "Quota overrides",
        ["browser"] = "Login and logout of browsers",
        ["internal"] = "For operators; not published by the proxy",
    };

    public static void Add(OpenApiDocument document)
    {
        foreach (var (name, schema) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (schema is OpenApiSchema described)
                Correct(name, described);
        }
        foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
            tag.Description = TagTexts.GetValueOrDefault(tag.Name ?? "");
        foreach (var (path, item) in document.Paths)
        {
            if (item.Operations is not { } operations)
                continue;
            foreach (var operation in operations.Values)
                Describe(document, path, operation);
        }
    }

    private static void Correct(string name, OpenApiSchema schema)
    {
        if (schema.Enum is { Count: > 0 })
            schema.Type = JsonSchemaType.String;
        var nullable = NullableFields.GetValueOrDefault(name, []);
        foreach (var (field, property) in schema.Properties?.ToArray() ?? [])
        {
            // A required field with a nullable C# type can be null in responses; an optional field is omitted instead.
            if (schema.Required?.Contains(field) != true && !nullable.Contains(field))
                schema.Properties![field] = NotNull(property);
        }
        var isBody = name.EndsWith("Body", StringComparison.Ordinal);
        if (isBody && Property(schema, "expires") is { } expires)
            Choose(expires, Integer(), Text("date-time"), Text("date"), new OpenApiSchema { Type = JsonSchemaType.Null });
        if (isBody && Property(schema, "scopes") is { } scopes)
        {
            scopes.Description += " A comma-separated text is accepted too.";
            IOpenApiSchema list =
                new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } };
            Choose(
                scopes,
                [list, Text(), .. nullable.Contains("scopes") ? (IOpenApiSchema[])[new OpenApiSchema { Type = JsonSchemaType.Null }] : []]);
        }
        if (name == "ErrorDetail")
            DescribeError(schema);
        if (name == "Error" && Property(schema, "detail") is { Items: { } detail } all)
        {
            all.Description = "A list of all errors. Without credentials, or if the client's address is not known, one object; "
                + "for an unknown path or method, a text.";
            Choose(all, new OpenApiSchema { Type = JsonSchemaType.Array, Items = detail }, detail, Text());
        }
    }

    private static void DescribeError(OpenApiSchema schema)
    {
        if (Property(schema, "loc") is { } place)
            place.Items = new OpenApiSchema { AnyOf = [Text(), Integer()] };
        schema.Properties!["input"] = new OpenApiSchema { Description = "The invalid value, in validation errors." };
        schema.Properties["ctx"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "The values in the message, in validation errors.",
        };
    }

    private static void Describe(OpenApiDocument document, string path, OpenApiOperation operation)
    {
        // An empty list means that no credentials are needed. It is explicit, because a missing list is ambiguous.
        operation.Security ??= [];
        operation.Responses ??= [];
        // Every route responds with 403 to a malformed Authorization header.
        if (operation.Security.Count > 0)
            operation.Responses.TryAdd("403", Error(document, "Not allowed, or the Authorization header is malformed."));
        if (path.StartsWith(ApiRoutes.Prefix, StringComparison.Ordinal))
        {
            operation.Responses["default"] =
                Error(document, "Any other error, for example an unreadable request, a body that is too large, or an unsupported method.");
        }
        var isPaged = operation.Parameters?.Any(parameter => parameter.Name == "limit") == true;
        foreach (var (status, response) in operation.Responses)
        {
            if (response is not OpenApiResponse described)
                continue;
            var headers = HeadersOf(status, isPaged, hasBody: operation.RequestBody is not null, path).ToDictionary(
                header => header.Name, IOpenApiHeader (header) => new OpenApiHeader { Description = header.Text, Schema = header.Schema });
            if (headers.Count > 0)
                described.Headers = headers;
        }
    }

    private static OpenApiResponse Error(OpenApiDocument document, string text) => new()
    {
        Description = text,
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["application/json"] = new() { Schema = new OpenApiSchemaReference("Error", document) },
        },
    };

    private static IEnumerable<(string Name, string Text, OpenApiSchema Schema)> HeadersOf(
        string status, bool isPaged, bool hasBody, string path)
    {
        var number = int.TryParse(status, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        if (number is StatusCodes.Status201Created or StatusCodes.Status307TemporaryRedirect)
            yield return ("Location",
                number == 201 ? "The address of the new token." : "The address to which the browser is redirected.",
                Text("uri-reference"));
        if (number is StatusCodes.Status201Created || (number == 200 && path == ApiRoutes.Prefix + ApiRoutes.Login))
            yield return ("Cache-Control", "`no-store`, because the response contains a secret.", Text());
        if (number == 200 && isPaged)
        {
            yield return ("Link", "The first, next and previous page (RFC 8288); only if `limit` was given.", Text());
            yield return ("X-Total-Count", "The number of entries on all pages; only if `limit` was given.", Integer());
        }
        if (number == 200 && path == Routes.GroupMembership)
            yield return ("Expires", "The time until which the list may be cached.", Text());
        if (hasBody && number is not 503)
            yield return ("Warning", "An unknown field of the body (RFC 7234 section 5.5); one header for each.", Text());
        if (number is 401 or 403)
        {
            yield return ("WWW-Authenticate", "How to authenticate (RFC 6750). Absent if only a permission is missing.", Text());
            yield return ("X-Error-Status", "The intended status, for proxies that forward only some statuses.", Integer());
            yield return ("X-Error-Body", "The body, for proxies that forward only some statuses.", Text());
        }
        if (number is 429 or 503)
            yield return ("Retry-After", "The number of seconds to wait before another attempt.", Integer());
    }

    /// <summary>
    /// Returns a property that cannot be null. The generator writes a reference that can be null as a choice of two schemas.
    /// </summary>
    private static IOpenApiSchema NotNull(IOpenApiSchema property)
    {
        if (property is not OpenApiSchema schema)
            return property;
        if (schema.OneOf is { Count: 2 } choices && choices.SingleOrDefault(choice => choice.Type != JsonSchemaType.Null) is { } only)
            return only;
        if (schema.Type is { } type)
            schema.Type = type & ~JsonSchemaType.Null;
        return schema;
    }

    private static OpenApiSchema? Property(OpenApiSchema schema, string name) =>
        schema.Properties is { } properties && properties.TryGetValue(name, out var property) ? property as OpenApiSchema : null;

    private static void Choose(OpenApiSchema schema, params IOpenApiSchema[] choices)
    {
        (schema.Type, schema.Format, schema.Items, schema.OneOf) = (null, null, null, null);
        schema.AnyOf = [.. choices];
    }

    private static OpenApiSchema Text(string? format = null) => new() { Type = JsonSchemaType.String, Format = format };

    private static OpenApiSchema Integer() => new() { Type = JsonSchemaType.Integer, Format = "int64" };
}
