using System.Buffers;
using System.Text.Json;
using Porthor.Values;

namespace Porthor.Server.Api;

/// <summary>Writes JSON responses as the reference does: compact, and with the fewest possible escapes.</summary>
internal static class ApiJson
{
    private const string ContentType = "application/json";

    /// <summary>Returns a response with a small body, which a function writes.</summary>
    public static IResult Write(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) => new JsonResult(write, status);

    /// <summary>Writes a list that is in memory. The JSON is sent in parts, so that it is never completely in memory.</summary>
    public static async Task WriteListAsync<T>(
        HttpResponse response, IEnumerable<T> items, Action<Utf8JsonWriter, T> write, CancellationToken cancellationToken)
    {
        using var parts = Begin(response);
        await parts.WriteArrayAsync(name: null, items, write, cancellationToken);
        await parts.FinishAsync(cancellationToken);
    }

    /// <summary>
    /// Writes a list while it is read, so that it is never completely in memory. If an error occurs after the first part was sent, the
    /// connection is closed. The JSON array is then incomplete, so that no client accepts the list as complete.
    /// </summary>
    /// <param name="ifEmpty">The error if there is no item; null if an empty list is a valid response.</param>
    public static async Task WriteListAsync<T>(
        HttpResponse response, IAsyncEnumerable<T> items, Action<Utf8JsonWriter, T> write, PorthorError? ifEmpty,
        CancellationToken cancellationToken)
    {
        await using var enumerator = items.GetAsyncEnumerator(cancellationToken);
        var more = await enumerator.MoveNextAsync();
        if (!more && ifEmpty is not null)
            throw ifEmpty.ToException();
        using var parts = Begin(response);
        parts.Writer.WriteStartArray();
        for (; more; more = await enumerator.MoveNextAsync())
        {
            write(parts.Writer, enumerator.Current);
            await parts.SendIfFullAsync(cancellationToken);
        }
        parts.Writer.WriteEndArray();
        await parts.FinishAsync(cancellationToken);
    }

    /// <summary>Begins a response whose body is written in parts.</summary>
    public static JsonParts Begin(HttpResponse response)
    {
        SetHeaders(response);
        return new JsonParts(response);
    }

    private static void SetHeaders(HttpResponse response)
    {
        response.ContentType = ContentType;
        response.Headers.XContentTypeOptions = "nosniff";
    }

    private sealed class JsonResult(Action<Utf8JsonWriter> write, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var body = ReferenceJson.Write(write);
            var response = httpContext.Response;
            SetHeaders(response);
            response.StatusCode = status;
            response.ContentLength = body.Length;
            return response.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
        }
    }
}

/// <summary>
/// Represents a JSON body that is sent in parts. Nothing is sent before the first part is full, so an earlier error results in an ordinary
/// error response.
/// </summary>
internal sealed class JsonParts : IDisposable
{
    private const int PartSize = 32 * 1024;

    private readonly HttpResponse response;
    private readonly ArrayBufferWriter<byte> buffer = new(512);

    public JsonParts(HttpResponse response)
    {
        this.response = response;
        Writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact);
    }

    public Utf8JsonWriter Writer { get; }

    /// <param name="name">The property that contains the array; null if the array is the whole body.</param>
    public async Task WriteArrayAsync<T>(
        string? name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write, CancellationToken cancellationToken)
    {
        if (name is null)
            Writer.WriteStartArray();
        else
            Writer.WriteStartArray(name);
        foreach (var item in items)
        {
            write(Writer, item);
            await SendIfFullAsync(cancellationToken);
        }
        Writer.WriteEndArray();
    }

    /// <summary>
    /// Sends the written data if a part is full. Waits for slow clients, so that their responses do not accumulate in memory.
    /// </summary>
    public ValueTask SendIfFullAsync(CancellationToken cancellationToken) =>
        Writer.BytesPending + buffer.WrittenCount < PartSize ? ValueTask.CompletedTask : SendAsync(cancellationToken);

    public ValueTask FinishAsync(CancellationToken cancellationToken) => SendAsync(cancellationToken);

    public void Dispose() => Writer.Dispose();

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        await Writer.FlushAsync(cancellationToken);
        await response.Body.WriteAsync(buffer.WrittenMemory, cancellationToken);
        buffer.ResetWrittenCount();
    }
}
