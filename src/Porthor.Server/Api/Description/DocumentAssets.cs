using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Porthor.Concurrency;

namespace Porthor.Server.Api.Description;

/// <summary>
/// Serves the scripts of the API page as the compressed bytes that the library contains. The library would decompress them for each
/// client that does not accept gzip, which takes 12 ms of CPU time. This class responds to such clients with status 406.
/// </summary>
internal sealed class DocumentAssets(IServiceProvider services, TimeProvider clock)
{
    private const string Coding = "gzip";

    private readonly ConcurrentDictionary<string, SharedOperation<Asset>> assets = new();

    /// <summary>Maps routes for the scripts, which replace the routes of the library.</summary>
    /// <param name="folder">The path of the API page.</param>
    public static void Map(IEndpointRouteBuilder routes, string folder)
    {
        foreach (var file in (string[])["scalar.js", "scalar.aspnetcore.js"])
        {
            var path = $"{folder}/{file}";
            routes.MapGet(
                path, (RequestDelegate)(context => context.RequestServices.GetRequiredService<DocumentAssets>().ServeAsync(context, path)))
                .ExcludeFromDescription()
                // This route takes precedence over the route of the library with the same path.
                .WithOrder(-1);
        }
    }

    private async Task ServeAsync(HttpContext context, string path)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.Vary = "Accept-Encoding";
        if (!Accepts(context.Request.Headers.AcceptEncoding))
        {
            context.Response.StatusCode = StatusCodes.Status406NotAcceptable;
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync($"This file is served with Content-Encoding {Coding} only");
            return;
        }
        var asset = await assets.GetOrAdd(path, key => new(() => ReadAsync(key), Timeout.InfiniteTimeSpan, clock))
            .GetAsync();
        headers.CacheControl = "no-cache";
        if (asset.IsCompressed)
            headers.ContentEncoding = Coding;
        await Results.Bytes(asset.Bytes, asset.ContentType, entityTag: asset.Tag).ExecuteAsync(context);
    }

    /// <summary>Returns whether the client accepts gzip. Without the header every coding is acceptable (RFC 9110 section 12.5.3).</summary>
    private static bool Accepts(StringValues acceptEncoding)
    {
        if (StringValues.IsNullOrEmpty(acceptEncoding) || !StringWithQualityHeaderValue.TryParseList(acceptEncoding, out var codings))
            return true;
        var named = codings.FirstOrDefault(coding => coding.Value.Equals(Coding, StringComparison.OrdinalIgnoreCase))
            ?? codings.FirstOrDefault(coding => coding.Value.Equals("*"));
        return named is not null && named.Quality is not 0;
    }

    /// <summary>Returns the response of the library's route.</summary>
    private async Task<Asset> ReadAsync(string path)
    {
        var route = services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Single(route => route.Order == 0 && $"/{route.RoutePattern.RawText?.TrimStart('/')}" == path);
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Method = HttpMethods.Get;
        context.Request.Path = path;
        context.Request.Headers.AcceptEncoding = Coding;
        context.Response.Body = body;
        await route.RequestDelegate!(context);
        var bytes = body.ToArray();
        return new Asset(
            bytes,
            context.Response.ContentType ?? "text/javascript",
            IsCompressed: context.Response.Headers.ContentEncoding == Coding,
            new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\""));
    }

    private sealed record Asset(byte[] Bytes, string ContentType, bool IsCompressed, EntityTagHeaderValue Tag);
}
