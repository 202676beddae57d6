using System.Text;

namespace Porthor.Fuzz;

/// <summary>Something that reads what anybody may send, and what must hold whatever that is.</summary>
/// <param name="Name">Also of its corpus.</param>
/// <param name="Words">What is worth putting into an input.</param>
/// <param name="Check">Throws if something does not hold.</param>
internal sealed record FuzzTarget(string Name, string[] Words, Action<byte[]> Check)
{
    public static readonly IReadOnlyList<FuzzTarget> All = [.. TextTargets.All, .. JsonTargets.All, .. RequestTargets.All];

    /// <summary>A target that takes text, as it comes out of headers.</summary>
    public static FuzzTarget OfText(string name, string[] words, Action<string> check) =>
        new(name, words, data => check(Encoding.UTF8.GetString(data)));

    public override string ToString() => Name;
}

/// <summary>What must hold does not.</summary>
internal sealed class FuzzException(string message) : Exception(message)
{
    public static void Require(bool holds, string what)
    {
        if (!holds)
            throw new FuzzException(what);
    }
}
