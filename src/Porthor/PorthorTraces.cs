using System.Diagnostics;

namespace Porthor;

/// <summary>The spans of Porthor's own work. While nobody listens there are none, and asking costs a comparison.</summary>
public static class PorthorTraces
{
    public const string SourceName = "Porthor";

    private static readonly ActivitySource Source = new(SourceName);

    /// <param name="name">What is done; a text of the code.</param>
    public static Activity? Begin(string name) => Source.StartActivity(name);

    /// <summary>A call of a store, as the conventions for databases want it told.</summary>
    public static Activity? BeginCall(string store, string operation) =>
        Source.HasListeners() ? Source.StartActivity($"{store}: {operation}", ActivityKind.Client) : null;
}
