using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>Provides the hosts of a deployment.</summary>
public interface IDeploymentHosts
{
    /// <summary>Returns the URL of the deployment. Without <c>baseUrl</c>, it is not known until the server has started.</summary>
    Uri BaseUrl { get; }

    /// <summary>Returns true if a host belongs to the deployment: the base host and, if they are allowed, its subdomains.</summary>
    /// <param name="host">In the form of <see cref="HostName"/>; null or empty if there is none.</param>
    bool IsOwnHost(string? host);
}
