using System.Text;

namespace Porthor.Fuzz;

/// <summary>A parser of untrusted input and the conditions that must hold for every input.</summary>
/// <param name="Name">The name of the target and of its corpus.</param>
/// <param name="Words">Texts with a meaning for the parser, which the mutator inserts.</param>
/// <param name="Check">Throws if a condition does not hold.</param>
internal sealed record FuzzTarget(string Name, string[] Words, Action<byte[]> Check)
{
    public static readonly IReadOnlyList<FuzzTarget> All =
        [.. TextTargets.All, .. JsonTargets.All, .. RequestTargets.All, .. OpenIdTargets.All];

    /// <summary>Creates a target for text from headers.</summary>
    public static FuzzTarget OfText(string name, string[] words, Action<string> check) =>
        new(name, words, data => check(Encoding.UTF8.GetString(data)));

    public override string ToString() => Name;
}

/// <summary>Thrown if a condition does not hold.</summary>
internal sealed class FuzzException(string message) : Exception(message)
{
    public static void Require(bool holds, string what)
    {
        if (!holds)
            throw new FuzzException(what);
    }
}
