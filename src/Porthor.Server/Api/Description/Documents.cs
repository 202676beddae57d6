using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Porthor.Server.Http;
using Porthor.Server.Platform;
using Porthor.Server.Values;
using Scalar.AspNetCore;

namespace Porthor.Server.Api.Description;

/// <summary>Provides the description of the API: as OpenAPI for programs, and as a page for people.</summary>
internal static class Documents
{
    public const string Name = "v1";
    private const string BearerScheme = "token";
    private const string CookieScheme = "session";
    private const string BackLink = "\n\n[Return to Gafaelfawr documentation](.).";

    public static void AddPorthorDocuments(this IServiceCollection services)
    {
        services.AddSingleton<RenderedDescription>();
        services.AddSingleton<DocumentAssets>();
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.CreateSchemaReferenceId = type =>
                OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id
                    ? id.Replace("Answer", "", StringComparison.Ordinal).Replace("Model", "", StringComparison.Ordinal)
                    : null;
            options.AddDocumentTransformer(DescribeAsync);
            options.AddOperationTransformer(DescribeAsync);
        });
    }

    public static void MapPorthorDocuments(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(
            Routes.OpenApi,
            (RequestDelegate)(context => context.RequestServices.GetRequiredService<RenderedDescription>().ServeAsync(context)))
            .ExcludeFromDescription();
        routes.MapScalarApiReference(Routes.Docs, options => options
                .WithTitle("Porthor API")
                .WithOpenApiRoutePattern(Routes.OpenApi)
                .DisableDefaultFonts()
                .DisableTelemetry()
                .DisableAgent()
                .DisableMcp()
                .HideDeveloperTools()
                .HideClientButton()
                .WithNonce())
            .WithMetadata(new AnyPathForm())
            .Add(route => route.RequestDelegate = WithContentPolicy(route.RequestDelegate!));
        DocumentAssets.Map(routes, Routes.Docs);
        routes.MapGet(Routes.Redoc, () => Results.Redirect(Routes.Docs, permanent: false, preserveMethod: true)).ExcludeFromDescription();
    }

    /// <summary>Returns the description as JSON. The application does not have to be started.</summary>
    public static Task<string> DescribeAsync(WebApplication app, bool addBackLink, CancellationToken cancellationToken) =>
        RenderedDescription.RenderAsync(
            app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name), addBackLink ? BackLink : "", cancellationToken);

    /// <summary>
    /// Adds a content security policy to the API page, because it is on the host where session cookies are valid. The page can load
    /// only files of this server.
    /// </summary>
    private static RequestDelegate WithContentPolicy(RequestDelegate page) => context =>
    {
        // The library reads the name of a document from the path and writes it into a script. Porthor has only one document.
        if (context.Request.RouteValues.GetValueOrDefault("documentName") is not null)
            return Problem.Text(StatusCodes.Status404NotFound, "Not Found").WriteAsync(context.Response);
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.ContentSecurityPolicy =
                $"default-src 'none'; script-src 'self' 'nonce-{context.Items[ScalarOptions.NonceHttpContextItemKey]}'; "
                + "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            return Task.CompletedTask;
        });
        return page(context);
    };

    private static Task DescribeAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Porthor",
            Version = PorthorVersion.Text,
            License = new OpenApiLicense { Name = "MIT License", Identifier = "MIT" },
            Description =
                "Porthor issues, lists, changes, revokes and audits the tokens with which users and programs access services behind a "
                + "reverse proxy. Times are seconds since 1970 (UTC). Fields without a value are omitted, unless their description "
                + "mentions null.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A token, gt-KEY.SECRET. HTTP Basic is accepted too, with the token as user or as password.",
            },
            [CookieScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = Sessions.SessionCookie.Name,
                Description = "The session of a browser. All methods except GET also require the header X-CSRF-Token with the value from "
                    + $"GET {ApiRoutes.Prefix}{ApiRoutes.Login}.",
            },
        };
        return Task.CompletedTask;
    }

    /// <summary>Adds the parameters, security and error responses that follow from the access policy of a route.</summary>
    private static Task DescribeAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters = [.. metadata.OfType<DescribedParameter>().Select(parameter => parameter.ToParameter())];
        operation.RequestBody?.Content?.Remove(RouteDescriptions.AnyType);
        if (metadata.OfType<AccessPolicy>().FirstOrDefault() is { } access)
        {
            operation.Security = [Requirement(CookieScheme, context.Document)];
            if (!access.RequiresSession)
                operation.Security.Insert(0, Requirement(BearerScheme, context.Document));
            if (access.Scope is { } scope)
                operation.Description += $" Requires the scope {scope}{(access.AllowsBootstrap ? ", or the bootstrap token" : "")}.";
        }
        foreach (var (status, response) in operation.Responses ?? [])
            response.Description = StatusTexts.GetValueOrDefault(status, response.Description ?? "");
        return Task.CompletedTask;
    }

    private static readonly Dictionary<string, string> StatusTexts = new()
    {
        ["200"] = "Success.",
        ["201"] = "Created. The Location header contains the address of the token.",
        ["204"] = "Success, without a body.",
        ["401"] = "The credentials are missing or invalid.",
        ["403"] = "Permission denied, or the CSRF token is missing.",
        ["404"] = "Not found.",
        ["409"] = "The name is already in use.",
        ["422"] = "A parameter or the body is invalid. The response lists all errors.",
        ["429"] = "Too many tokens were created. Retry-After contains the time to wait.",
        ["500"] = "The service cannot handle the request because of an internal error.",
        ["503"] = "A store is unavailable. Retry-After contains the time to wait.",
    };

    private static OpenApiSecurityRequirement Requirement(string scheme, OpenApiDocument? document) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
}
