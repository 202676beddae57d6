namespace Porthor.Testing;

/// <summary>The ways in which a store operation fails.</summary>
public enum Fault
{
    /// <summary>The operation fails and has no effect. The node continues to run.</summary>
    FailsBefore,

    /// <summary>The operation takes effect, but the caller receives an error. The node continues to run.</summary>
    FailsAfter,

    /// <summary>The node crashes before the operation: the operation and all later ones have no effect.</summary>
    CrashesBefore,

    /// <summary>The node crashes after the operation took effect.</summary>
    CrashesAfter,
}

/// <summary>
/// Injects a failure into one store operation. Counts the operations of the token index and the record store of a node that have an effect,
/// and makes the operation with the given number fail.
/// </summary>
internal sealed class FaultPlan(int step, Fault fault)
{
    private bool hasCrashed;

    /// <summary>The number of operations so far.</summary>
    public int Steps { get; private set; }

    public bool Reached => Steps >= step;

    public async Task<T> StepAsync<T>(Func<Task<T>> effect)
    {
        ThrowIfCrashed();
        var isChosen = ++Steps == step;
        if (isChosen && fault is Fault.FailsBefore or Fault.CrashesBefore)
            throw Fail();
        var result = await effect();
        return isChosen ? throw Fail() : result;
    }

    public Task StepAsync(Func<Task> effect) => StepAsync(async () =>
    {
        await effect();
        return true;
    });

    /// <summary>Fails if the node has crashed. Reads call this method, because they have no effect and are not counted.</summary>
    public void ThrowIfCrashed()
    {
        if (hasCrashed)
            throw new StoreUnavailableException("store", "the node crashed");
    }

    private StoreUnavailableException Fail()
    {
        hasCrashed = fault is Fault.CrashesBefore or Fault.CrashesAfter;
        return new StoreUnavailableException("store", $"step {Steps}: {fault}");
    }
}
