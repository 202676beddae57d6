using Porthor.Server.Logging;
using Porthor.Storage;

namespace Porthor.Server.Alerts;

/// <summary>Something that those who run the service should act on. Nothing in it may be secret.</summary>
/// <param name="Type">The kind of failure, under the reference's name for it, by which operators filter.</param>
internal sealed record Alert(string Type, string Message)
{
    /// <summary>Whose request it was; null if that is not known.</summary>
    public string? User { get; init; }

    /// <summary>The key of what a store holds; null if it is not about that.</summary>
    public string? Key { get; init; }

    /// <summary>Method and address of a request that failed; null if it was none.</summary>
    public string? Request { get; init; }

    /// <summary>What was answered to it; null if nothing was.</summary>
    public string? Response { get; init; }

    /// <summary>What is wrong with what a store holds; null for no more than the message.</summary>
    public string? Detail { get; init; }

    /// <summary>What was thrown; null if nothing was.</summary>
    public Exception? Exception { get; init; }

    /// <summary>A fault that nobody foresaw, for which there is no better message than its text.</summary>
    public bool IsUncaught { get; init; }

    public static Alert Uncaught(Exception exception, RequestLog? request) =>
        new(exception.GetType().Name, exception.Message) { User = request?.User, Exception = exception, IsUncaught = true };

    /// <summary>What a store holds cannot be read: somebody damaged or replaced it, or has another session secret.</summary>
    public static Alert Unreadable(string key, string detail, Exception exception) =>
        new("DeserializeError", $"Cannot deserialize data for key {key}") { Key = key, Detail = detail, Exception = exception };

    public static Alert Of(UnreadableRecordException exception) => Unreadable($"token:{exception.Key}", exception.Detail, exception);
}
