namespace Porthor;

/// <summary>
/// Names the events of log lines about completed changes, such as issued and revoked tokens. These lines are never omitted to limit the
/// log, because the request that caused the change does not have to be that of a signed-in user: a client redeems an authorization code.
/// </summary>
public static class ChangeEvent
{
    /// <summary>The beginning of the names of these events. The rest is the name of the log method.</summary>
    public const string Prefix = "Change.";

    /// <summary>Returns true if an event is a completed change.</summary>
    /// <param name="eventName">The name of the event; null if it has none.</param>
    public static bool Is(string? eventName) => eventName is not null && eventName.StartsWith(Prefix, StringComparison.Ordinal);
}
