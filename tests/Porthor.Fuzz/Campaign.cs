using System.Diagnostics;
using System.Text;

namespace Porthor.Fuzz;

/// <summary>Replays what is known of a target, and goes on with changes of it for a while.</summary>
internal sealed class Campaign(FuzzTarget target, IReadOnlyList<byte[]> corpus, int seed)
{
    /// <summary>However long an input: whoever takes more lets others wait.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private readonly List<byte[]> inputs = [.. corpus];

    /// <summary>How many inputs were tried.</summary>
    public long Tried { get; private set; }

    /// <summary>Without guidance: the known inputs and random changes of them.</summary>
    public void Run(TimeSpan duration) => Run(duration, coverage: null, found: null);

    /// <summary>With guidance: what reaches something new is changed further, and told.</summary>
    public void Run(TimeSpan duration, Coverage? coverage, Action<byte[]>? found)
    {
        foreach (var input in corpus)
            Try(input, coverage);
        var random = new Random(seed);
        var mutator = new Mutator(random, [.. target.Words.Select(Encoding.UTF8.GetBytes)]);
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < duration)
        {
            var input = mutator.Change(inputs.Count == 0 ? [] : inputs[random.Next(inputs.Count)], inputs);
            if (!Try(input, coverage))
                continue;
            inputs.Add(input);
            found?.Invoke(input);
        }
    }

    /// <summary>True if it reached something new.</summary>
    /// <exception cref="FuzzException">Something does not hold; tells the input.</exception>
    private bool Try(byte[] input, Coverage? coverage)
    {
        Tried++;
        coverage?.Begin();
        var begun = Stopwatch.GetTimestamp();
        try
        {
            target.Check(input);
        }
        catch (Exception e)
        {
            throw new FuzzException($"{target.Name} with input {Corpus.Write(input)}\n(seed {seed}): {e}");
        }
        var took = Stopwatch.GetElapsedTime(begun);
        // Another process may have had the processor: only what is slow again is slow.
        if (took > Slow && Enumerable.Range(0, 3).All(_ => Repeat(input) > Slow))
            throw new FuzzException($"{target.Name} takes {took} with input {Corpus.Write(input)}");
        return coverage?.EndsWithNews() == true;
    }

    private TimeSpan Repeat(byte[] input)
    {
        var begun = Stopwatch.GetTimestamp();
        target.Check(input);
        return Stopwatch.GetElapsedTime(begun);
    }
}
