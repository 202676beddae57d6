using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Tokens;

namespace Porthor.Server.Api;

/// <summary>
/// Represents an authorized API request: the caller, and methods that read the parameters. A handler first reads all parameters, then calls
/// <see cref="ThrowIfInvalid"/>, and then begins its work.
/// </summary>
internal sealed class ApiRequest(HttpContext context, Caller caller, JsonBody? body)
{
    private readonly ValidationErrors errors = new();
    private JsonFields? fields;

    public HttpContext Context => context;

    public Caller Caller => caller;

    public ParameterReader Parameters => field ??= new ParameterReader(context, errors);

    /// <summary>
    /// Gets a cancellation token that is canceled when the client disconnects. Use it only for reading; changes must be completed in any
    /// case.
    /// </summary>
    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>Returns the fields of the body. Returns null and records an error if the body is not an object.</summary>
    public JsonFields? Body() => fields = body?.Fields(errors);

    /// <summary>
    /// Throws if a value was invalid. Also adds a warning for each unknown field of the body, so call it after reading all fields.
    /// </summary>
    /// <exception cref="ProblemException">A value was invalid. The response contains all errors.</exception>
    public void ThrowIfInvalid()
    {
        if (fields is not null)
            FieldWarnings.Add(context.Response, fields);
        errors.ThrowIfAny();
    }

    public static ValueTask<ApiRequest?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<ApiRequest>());
}
