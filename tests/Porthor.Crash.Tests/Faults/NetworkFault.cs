using Porthor.Testing;

namespace Porthor.Crash.Tests.Faults;

/// <summary>What can be wrong with a wire.</summary>
public enum NetworkFault
{
    /// <summary>Slower than any answer may be.</summary>
    Delay,

    /// <summary>Nothing passes, and nobody says so.</summary>
    Stall,

    /// <summary>A byte now and then.</summary>
    Drip,

    /// <summary>Connections are reset, and new ones refused.</summary>
    Refuse,

    /// <summary>Connections are reset once; new ones are sound.</summary>
    Reset,

    /// <summary>Connections have lost their other end, and nobody says so; new ones are sound.</summary>
    HalfOpen,
}

internal static class AilmentExtensions
{
    public static void Begin(this NetworkFault ailment, FaultyWire wire)
    {
        switch (ailment)
        {
            case NetworkFault.Delay:
                wire.Delay = TimeSpan.FromSeconds(20);
                break;
            case NetworkFault.Stall:
                wire.Stall();
                break;
            case NetworkFault.Drip:
                (wire.Drips, wire.Delay) = (true, TimeSpan.FromMilliseconds(300));
                break;
            case NetworkFault.Refuse:
                wire.Refuses = true;
                wire.Cut();
                break;
            case NetworkFault.Reset:
                wire.Cut();
                break;
            default:
                wire.HalfOpen();
                break;
        }
    }
}
