using System.Buffers;
using System.Text.Json;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Writes answers as the reference does: compact, with nothing escaped that need not be.</summary>
internal static class ApiJson
{
    private const string ContentType = "application/json";

    /// <summary>An answer that is written by a function.</summary>
    public static IResult Write(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact))
            write(writer);
        return Results.Bytes(buffer.WrittenMemory, ContentType).WithStatus(status);
    }

    /// <summary>
    /// A list that is written while it is read, so that it need not fit into memory. An error after the first part can only
    /// break the connection; the list is then not closed, and no client takes it for whole.
    /// </summary>
    /// <param name="ifEmpty">The refusal if there is nothing; null if an empty list is an answer too.</param>
    public static async Task WriteListAsync<T>(
        HttpResponse response, IAsyncEnumerable<T> items, Action<Utf8JsonWriter, T> write, PorthorError? ifEmpty, CancellationToken cancellationToken)
    {
        const int flushAt = 32 * 1024;
        await using var enumerator = items.GetAsyncEnumerator(cancellationToken);
        // The first item before the first byte: what goes wrong until then is an answer like any other.
        var more = await enumerator.MoveNextAsync();
        if (!more && ifEmpty is not null)
            throw ifEmpty.ToException();
        response.ContentType = ContentType;
        await using var writer = new Utf8JsonWriter(response.BodyWriter, ReferenceJson.Compact);
        writer.WriteStartArray();
        for (; more; more = await enumerator.MoveNextAsync())
        {
            write(writer, enumerator.Current);
            if (writer.BytesPending < flushAt)
                continue;
            await writer.FlushAsync(cancellationToken);
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
        writer.WriteEndArray();
        await writer.FlushAsync(cancellationToken);
    }

    private static IResult WithStatus(this IResult result, int status) =>
        status == StatusCodes.Status200OK ? result : new StatusResult(result, status);

    private sealed class StatusResult(IResult result, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            return result.ExecuteAsync(httpContext);
        }
    }
}
