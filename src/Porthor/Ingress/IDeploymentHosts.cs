using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>The hosts of a deployment.</summary>
public interface IDeploymentHosts
{
    /// <summary>The URL of the deployment. It may be unknown until the server has started.</summary>
    Uri BaseUrl { get; }

    /// <summary>Returns whether a host belongs to the deployment: the base host and, if they are allowed, the hosts below it.</summary>
    /// <param name="host">In the form of <see cref="HostName"/>; null or empty if there is none.</param>
    bool IsOwnHost(string? host);
}
