using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Porthor.Server.Api;

/// <summary>The API's description, for programs and for people.</summary>
internal static class Documents
{
    private const string Name = "v1";
    private const string BackLink = "\n\n[Return to Gafaelfawr documentation](.).";

    public static void AddPorthorDocuments(this IServiceCollection services) => services.AddOpenApi(Name);

    public static void MapPorthorDocuments(this IEndpointRouteBuilder routes) => routes.MapOpenApi("/auth/openapi.json");

    public static async Task<string> DescribeAsync(WebApplication app, bool addBackLink, CancellationToken cancellationToken)
    {
        var document = await app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(cancellationToken);
        if (addBackLink)
            document.Info.Description += BackLink;
        return await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken);
    }
}
