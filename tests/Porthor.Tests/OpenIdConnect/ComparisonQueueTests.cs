using System.Collections.Concurrent;
using Porthor.OpenIdConnect;

namespace Porthor.Tests.OpenIdConnect;

/// <summary>The order and the number of slow comparisons.</summary>
public sealed class ComparisonQueueTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void Comparisons_with_a_code_are_made_first_and_the_number_of_others_is_limited()
    {
        using var release = new ManualResetEventSlim();
        using var isRunning = new ManualResetEventSlim();
        using var end = new CountdownEvent(1 + ComparisonQueue.MaxOthers + 2);
        ConcurrentQueue<string> order = [];
        var queue = new ComparisonQueue(threads: 1);
        queue.TryAdd(() => { isRunning.Set(); release.Wait(Limit); end.Signal(); }, isPreferred: false).ShouldBeTrue();
        isRunning.Wait(Limit).ShouldBeTrue();

        for (var i = 0; i < ComparisonQueue.MaxOthers; i++)
            queue.TryAdd(() => Add("other"), isPreferred: false).ShouldBeTrue();
        queue.TryAdd(() => Add("refused"), isPreferred: false).ShouldBeFalse();
        queue.TryAdd(() => Add("first"), isPreferred: true).ShouldBeTrue();
        queue.TryAdd(() => Add("second"), isPreferred: true).ShouldBeTrue();
        release.Set();

        end.Wait(Limit).ShouldBeTrue();
        order.ShouldBe(["first", "second", .. Enumerable.Repeat("other", ComparisonQueue.MaxOthers)]);

        void Add(string name)
        {
            order.Enqueue(name);
            end.Signal();
        }
    }
}
