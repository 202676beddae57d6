using Porthor.Testing;

namespace Porthor.Crash.Tests.Failures;

/// <summary>Failures of a network connection.</summary>
public enum NetworkFault
{
    /// <summary>Data arrive later than any time limit.</summary>
    Delay,

    /// <summary>No data arrive, and connections stay open.</summary>
    Stall,

    /// <summary>Single bytes arrive with a delay.</summary>
    Drip,

    /// <summary>Connections are reset, and new connections are refused.</summary>
    Refuse,

    /// <summary>Connections are reset once. New connections work.</summary>
    Reset,

    /// <summary>Connections are half-open. New connections work.</summary>
    HalfOpen,
}

internal static class NetworkFaultExtensions
{
    public static void Begin(this NetworkFault fault, FaultInjectingProxy wire)
    {
        switch (fault)
        {
            case NetworkFault.Delay:
                wire.Delay = TimeSpan.FromSeconds(20);
                break;
            case NetworkFault.Stall:
                wire.Stall();
                break;
            case NetworkFault.Drip:
                (wire.SendsSingleBytes, wire.Delay) = (true, TimeSpan.FromMilliseconds(300));
                break;
            case NetworkFault.Refuse:
                wire.RefusesConnections = true;
                wire.ResetConnections();
                break;
            case NetworkFault.Reset:
                wire.ResetConnections();
                break;
            default:
                wire.MakeHalfOpen();
                break;
        }
    }
}
