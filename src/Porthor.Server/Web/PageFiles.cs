using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Porthor.Server.Http;
using Porthor.Server.Values;

namespace Porthor.Server.Web;

/// <summary>Provides the files that pages load. They are embedded in the assembly.</summary>
internal static class PageFiles
{
    private const string Version = "v";

    private static readonly FrozenDictionary<string, PageFile> All = ((PageFile[])[
        PageFile.Read("porthor.css", "text/css; charset=utf-8"),
        PageFile.Read("porthor.js", "text/javascript; charset=utf-8"),
        PageFile.Read("porthor.svg", "image/svg+xml")]).ToFrozenDictionary(asset => asset.Name);

    public static string Style => All["porthor.css"].Address;

    public static string Script => All["porthor.js"].Address;

    /// <summary>Gets the address of the logo.</summary>
    public static string Mark => All["porthor.svg"].Address;

    public static void MapPageFiles(this IEndpointRouteBuilder routes) =>
        routes.MapGet($"{Routes.Assets}/{{name}}", (RequestDelegate)GetAsync).ExcludeFromDescription();

    private static Task GetAsync(HttpContext context)
    {
        if (!All.TryGetValue((string)context.Request.RouteValues["name"]!, out var asset))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.SetEndpoint(endpoint: null);
            return Task.CompletedTask;
        }
        PageHeaders.Write(context.Response);
        // Pages refer to a file by a URL with its hash. The content of such a URL never changes. Without the hash, the browser must
        // revalidate.
        var hasHash = new QueryParameters(context.Request, ignoresCase: true).All(Version) is [var hash] && hash == asset.Hash;
        context.Response.Headers.CacheControl = hasHash ? "public, max-age=31536000, immutable" : "no-cache";
        return Results.Bytes(asset.Bytes, asset.ContentType, entityTag: new EntityTagHeaderValue($"\"{asset.Hash}\""))
            .ExecuteAsync(context);
    }

    private sealed record PageFile(string Name, string ContentType, byte[] Bytes, string Hash)
    {
        public string Address => $"{Routes.Assets}/{Name}?{Version}={Hash}";

        public static PageFile Read(string name, string contentType)
        {
            using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream($"assets/{name}")!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return new PageFile(name, contentType, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        }
    }
}
