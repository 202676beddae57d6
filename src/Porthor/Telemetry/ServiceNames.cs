using System.Collections.Concurrent;

namespace Porthor.Telemetry;

/// <summary>
/// The names of services as labels. They stand in the proxy's configuration, so that there are few; but whoever reaches us beside
/// the proxy may write there what they like, and every new label is memory. The first are told apart, the rest are one.
/// </summary>
internal sealed class ServiceNames
{
    private const string Rest = "(other)";
    private const int Most = 100;
    private const int Longest = 100;

    private readonly ConcurrentDictionary<string, string> known = new();

    public KeyValuePair<string, object?> Label(string? service) => new("service", Of(service));

    /// <summary>Empty if a route names no service.</summary>
    private string Of(string? service)
    {
        if (string.IsNullOrEmpty(service))
            return "";
        if (known.TryGetValue(service, out var name))
            return name;
        // Two at once may add one too many.
        return service.Length <= Longest && known.Count < Most ? known.GetOrAdd(service, service) : Rest;
    }
}
