// Half of these tests measure how long answers take, and the other half leave no time for anybody else.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
