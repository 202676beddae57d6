using Porthor.Testing;

namespace Porthor.Crash.Tests.Faults;

/// <summary>What can be wrong with a wire.</summary>
public enum Ailment
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
    public static void Begin(this Ailment ailment, FaultyWire wire)
    {
        switch (ailment)
        {
            case Ailment.Delay:
                wire.Delay = TimeSpan.FromSeconds(20);
                break;
            case Ailment.Stall:
                wire.Stall();
                break;
            case Ailment.Drip:
                (wire.Drips, wire.Delay) = (true, TimeSpan.FromMilliseconds(300));
                break;
            case Ailment.Refuse:
                wire.Refuses = true;
                wire.Cut();
                break;
            case Ailment.Reset:
                wire.Cut();
                break;
            default:
                wire.HalfOpen();
                break;
        }
    }
}
