using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Porthor.Concurrency;

namespace Porthor.Server.Api.Description;

/// <summary>
/// Provides the OpenAPI description as bytes. Rendering takes 25 ms of CPU time, and the route needs no token. Therefore the description is
/// rendered once per process, by the first request. Concurrent requests wait for the result.
/// </summary>
internal sealed class RenderedDescription([FromKeyedServices(Documents.Name)] IOpenApiDocumentProvider documents, TimeProvider clock)
{
    private readonly SharedOperation<Rendered> rendered = new(
        () => Task.Run(() => RenderAsync(documents)), Timeout.InfiniteTimeSpan, clock);

    /// <summary>Serves the description with a strong entity tag. If the client has the current version, the status is 304.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        var description = await rendered.GetAsync();
        var headers = context.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.XContentTypeOptions = "nosniff";
        await Results.Bytes(description.Bytes, "application/json", entityTag: description.Tag).ExecuteAsync(context);
    }

    /// <summary>Renders the description as it is served.</summary>
    public static async Task<string> RenderAsync(IOpenApiDocumentProvider documents, string addition, CancellationToken cancellationToken)
    {
        var document = await documents.GetOpenApiDocumentAsync(cancellationToken);
        document.Info.Description += addition;
        // The server URL is relative, so that the description is correct for every name of this host.
        document.Servers = [new OpenApiServer { Url = "/" }];
        DescriptionDetails.Add(document);
        return await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken);
    }

    private static async Task<Rendered> RenderAsync(IOpenApiDocumentProvider documents)
    {
        var bytes = Encoding.UTF8.GetBytes(await RenderAsync(documents, addition: "", CancellationToken.None));
        return new Rendered(bytes, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\""));
    }

    private sealed record Rendered(byte[] Bytes, EntityTagHeaderValue Tag);
}
