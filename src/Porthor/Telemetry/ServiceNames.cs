using System.Collections.Concurrent;

namespace Porthor.Telemetry;

/// <summary>
/// Creates the labels for service names. The names come from the configuration of the proxy, so there are few of them. But clients that
/// can connect to Porthor directly can send any name, and each new label needs memory. Therefore only the first names have a label of
/// their own, and all others share one.
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
