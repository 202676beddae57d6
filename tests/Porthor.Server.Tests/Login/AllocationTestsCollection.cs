namespace Porthor.Server.Tests.Login;

/// <summary>The tests of this collection do not run in parallel with others, because they measure the allocations of the process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllocationTestsCollection
{
    public const string Name = "Allocations";
}
