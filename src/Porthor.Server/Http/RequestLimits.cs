using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Porthor.Server.Values;

namespace Porthor.Server.Http;

/// <summary>
/// Limits the size of requests, and responds with an error in JSON. The limits of the web server are higher, because its responses have no
/// body.
/// </summary>
internal sealed class RequestLimits(RequestDelegate next)
{
    public const int BodyBytes = 64 * 1024;
    private const int HeaderBytes = 32 * 1024;
    private const int TargetBytes = 8 * 1024;

    /// <summary>
    /// The maximum size of a login or logout URL. This is enough for a percent-encoded return URL of 8,000 characters. It also permits
    /// longer return URLs, of which only the path is used.
    /// </summary>
    private const int LoginTargetBytes = 64 * 1024;

    public static void Configure(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = BodyBytes;
        limits.MaxRequestHeadersTotalSize = 4 * HeaderBytes;
        limits.MaxRequestHeaderCount = 1000;
        limits.MaxRequestLineSize = LoginTargetBytes + TargetBytes;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
    }

    /// <remarks>The method has no state of its own while the request waits, because it is called for each request.</remarks>
    public Task InvokeAsync(HttpContext context) =>
        FindProblem(context) is { } problem ? Task.FromException(problem.ToException()) : next(context);

    private static Problem? FindProblem(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var longest = context.Request.Path.Value is Routes.Login or Routes.Logout ? LoginTargetBytes : TargetBytes;
        if (target.Length > longest)
            return Problem.UrlTooLong(longest);
        if (SizeOf(context.Request.Headers) > HeaderBytes)
        {
            return Problem.Of(
                StatusCodes.Status431RequestHeaderFieldsTooLarge, $"The headers are larger than {HeaderBytes} bytes", "headers_too_large");
        }
        return context.Request.ContentLength > BodyBytes
            ? Problem.Of(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {BodyBytes} bytes", "body_too_large")
            : null;
    }

    private static int SizeOf(IHeaderDictionary headers)
    {
        var size = 0;
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
                size += name.Length + (value?.Length ?? 0) + 4;
        }
        return size;
    }
}
