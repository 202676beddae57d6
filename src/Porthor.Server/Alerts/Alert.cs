using Porthor.OpenIdConnect;
using Porthor.Server.Logging;
using Porthor.Storage;

namespace Porthor.Server.Alerts;

/// <summary>Represents an event on which operators should act. It must not contain secrets.</summary>
/// <param name="Type">The kind of failure. The names are those of the reference, because operators filter by them.</param>
internal sealed record Alert(string Type, string Message)
{
    /// <summary>Gets the user of the request; null if unknown.</summary>
    public string? User { get; init; }

    /// <summary>Gets the key of a stored value; null if the alert does not concern one.</summary>
    public string? Key { get; init; }

    /// <summary>Gets the method and address of a failed request; null if there is none.</summary>
    public string? Request { get; init; }

    /// <summary>Gets the response to the failed request; null if there was none.</summary>
    public string? Response { get; init; }

    /// <summary>Gets details about the error in a stored value; null for none.</summary>
    public string? Detail { get; init; }

    /// <summary>Gets the exception; null if there is none.</summary>
    public Exception? Exception { get; init; }

    /// <summary>Gets whether the exception was not expected, so that its text is the only message.</summary>
    public bool IsUncaught { get; init; }

    public static Alert Uncaught(Exception exception, RequestLog? request) =>
        new(exception.GetType().Name, exception.Message) { User = request?.User, Exception = exception, IsUncaught = true };

    /// <summary>
    /// Creates an alert for a stored value that cannot be read: it was damaged or replaced, or the session secret differs.
    /// </summary>
    public static Alert Unreadable(string key, string detail, Exception exception) =>
        new("DeserializeError", $"Cannot deserialize data for key {key}") { Key = key, Detail = detail, Exception = exception };

    public static Alert Of(UnreadableCodeException exception) => Unreadable(exception.Name, exception.Detail, exception);

    public static Alert Of(UnreadableRecordException exception) => Unreadable($"token:{exception.Key}", exception.Detail, exception);
}
