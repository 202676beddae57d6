using System.Diagnostics;

namespace Porthor;

/// <summary>Creates the trace spans of Porthor's operations. Without a listener, no span is created.</summary>
public static class PorthorTraces
{
    /// <summary>The name of the activity source.</summary>
    public const string SourceName = "Porthor";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts a span. Returns null if there is no listener, or if the span is not sampled.</summary>
    /// <param name="name">The name of the operation, a constant.</param>
    public static Activity? Begin(string name) => Source.StartActivity(name);

    /// <summary>
    /// Starts a client span for a call of a store. Its name follows the OpenTelemetry conventions for databases. Returns null if there is
    /// no listener, or if the span is not sampled.
    /// </summary>
    public static Activity? BeginCall(string store, string operation) =>
        Source.HasListeners() ? Source.StartActivity($"{store}: {operation}", ActivityKind.Client) : null;
}
