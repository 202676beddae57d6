using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Api;

/// <summary>
/// A request that has passed the gate: who sent it, and the means to read what it says. A handler reads everything it
/// needs, then calls <see cref="ThrowIfInvalid"/>, then begins its work.
/// </summary>
internal sealed class ApiRequest(HttpContext context, Caller caller, JsonBody? body)
{
    private readonly ValidationErrors errors = new();
    private JsonFields? fields;

    public HttpContext Context => context;

    public Caller Caller => caller;

    public ParameterReader Parameters => field ??= new ParameterReader(context, errors);

    /// <summary>Ends with the client's connection. For reading; a change that was begun is finished whether anybody waits or not.</summary>
    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>The body's fields; null, with the error noted, if it is no object.</summary>
    public JsonFields? Body() => fields = body?.Fields(errors);

    /// <summary>Adds a warning to the response for each unknown field of the body. Called after all fields were read.</summary>
    /// <exception cref="ProblemException">Something that was read was wrong; the answer tells all of it.</exception>
    public void ThrowIfInvalid()
    {
        if (fields is not null)
            FieldWarnings.Add(context.Response, fields);
        errors.ThrowIfAny();
    }

    public static ValueTask<ApiRequest?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<ApiRequest>());
}
