namespace Porthor.Server.Alerts;

/// <summary>Something that those who run the service should act on. Nothing in it may be secret.</summary>
/// <param name="Type">The kind of failure, under the reference's name for it, by which operators filter.</param>
internal sealed record Alert(string Type, string Message)
{
    /// <summary>Whose request it was; null if that is not known.</summary>
    public string? User { get; init; }

    /// <summary>Method and address of a request that failed; null if it was none.</summary>
    public string? Request { get; init; }

    /// <summary>What was answered to it; null if nothing was.</summary>
    public string? Response { get; init; }
}
