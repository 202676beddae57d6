using System.Collections.Concurrent;

namespace Porthor.Telemetry;

/// <summary>
/// Creates the labels for service names. The names come from the configuration of the proxy, which contains few of them. However, a client
/// that connects to Porthor without the proxy can send any name, and each new label uses memory. Therefore only the first names get their
/// own label, and all others share one.
/// </summary>
internal sealed class ServiceNames
{
    private const string OtherLabel = "(other)";
    private const int MaxNames = 100;
    private const int MaxLength = 100;

    private readonly ConcurrentDictionary<string, string> known = new();

    public KeyValuePair<string, object?> Label(string? service) => new("service", Of(service));

    /// <summary>Returns the value of the label; empty if the ingress rule has no service.</summary>
    private string Of(string? service)
    {
        if (string.IsNullOrEmpty(service))
            return "";
        if (known.TryGetValue(service, out var name))
            return name;
        // Concurrent calls may exceed the limit slightly.
        return service.Length <= MaxLength && known.Count < MaxNames ? known.GetOrAdd(service, service) : OtherLabel;
    }
}
