using System.Diagnostics;
using System.Text;

namespace Porthor.Fuzz;

/// <summary>Replays the corpus of a target, and then tries random changes of it for some time.</summary>
internal sealed class Campaign(FuzzTarget target, IReadOnlyList<byte[]> corpus, int seed)
{
    /// <summary>The time limit of an input of any length. A slower parser would delay other requests.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(1);

    private readonly List<byte[]> inputs = [.. corpus];

    /// <summary>The number of inputs so far.</summary>
    public long Tried { get; private set; }

    /// <summary>Runs without coverage: the corpus and random changes of it.</summary>
    public void Run(TimeSpan duration) => Run(duration, coverage: null, onNewInput: null);

    /// <summary>Runs with coverage: inputs that reach new branches are reported and changed further.</summary>
    public void Run(TimeSpan duration, Coverage? coverage, Action<byte[]>? onNewInput)
    {
        foreach (var input in corpus)
            Check(input, coverage);
        var random = new Random(seed);
        var mutator = new Mutator(random, [.. target.Words.Select(Encoding.UTF8.GetBytes)]);
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < duration)
        {
            var input = mutator.Change(inputs.Count == 0 ? [] : inputs[random.Next(inputs.Count)], inputs);
            if (!Check(input, coverage))
                continue;
            inputs.Add(input);
            onNewInput?.Invoke(input);
        }
    }

    /// <summary>Returns true if the input reached a new branch.</summary>
    /// <exception cref="FuzzException">A condition does not hold, or the input is too slow.</exception>
    private bool Check(byte[] input, Coverage? coverage)
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
            throw new FuzzException($"{target.Name} failed with input {Corpus.Write(input)}\n(seed {seed}): {e}");
        }
        var duration = Stopwatch.GetElapsedTime(begun);
        // Another process can have used the CPU. An input is slow only if it is slow every time.
        if (duration > TimeLimit && Enumerable.Range(0, 3).All(_ => Repeat(input) > TimeLimit))
            throw new FuzzException($"{target.Name} takes {duration} with input {Corpus.Write(input)}");
        return coverage?.EndsWithNewBranch() == true;
    }

    private TimeSpan Repeat(byte[] input)
    {
        var begun = Stopwatch.GetTimestamp();
        target.Check(input);
        return Stopwatch.GetElapsedTime(begun);
    }
}
