namespace Porthor.Crash.Tests.Faults;

/// <summary>Tests that measure how long answers take. They run one after another, or they would take the time from each other.</summary>
internal static class Timed
{
    public const string Collection = "timed";
}
