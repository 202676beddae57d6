using System.Globalization;
using Porthor.Fuzz;

namespace Porthor.Server.Tests.Hostile;

/// <summary>
/// Tests every parser of untrusted input with its corpus and random changes of it, for two seconds each. <c>./fuzz.sh</c> runs longer and
/// with coverage feedback.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly double Seconds = double.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_FUZZ_SECONDS") ?? "2", CultureInfo.InvariantCulture);

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void No_input_violates_a_condition_of_its_parser(string name)
    {
        var target = FuzzTarget.All.Single(target => target.Name == name);
        var corpus = Corpus.Read(Path.Combine(AppContext.BaseDirectory, "corpus"), target);
        corpus.ShouldNotBeEmpty();
        var campaign = new Campaign(target, corpus, Random.Shared.Next());
        campaign.Run(TimeSpan.FromSeconds(Seconds));
        output.WriteLine($"{campaign.Tried:N0} inputs");
    }

    [Fact]
    public void A_stored_input_is_unchanged()
    {
        var target = new FuzzTarget("kept", [], _ => { });
        var folder = Directory.CreateTempSubdirectory("porthor-corpus-").FullName;
        byte[][] inputs = [[], [.. Enumerable.Range(0, 256).Select(i => (byte)i)], "%"u8.ToArray(), "#x y"u8.ToArray()];
        foreach (var input in inputs)
            Corpus.Add(folder, target, input);
        Corpus.Read(folder, target).ShouldBe(inputs);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_violated_condition_is_reported_with_the_input()
    {
        var target = new FuzzTarget("broken", ["boom"], data => FuzzException.Require(data.AsSpan().IndexOf("boom"u8) < 0, "never boom"));
        Should.Throw<FuzzException>(() => new Campaign(target, [[]], seed: 1).Run(TimeSpan.FromSeconds(20))).Message.ShouldContain("boom");
    }
}
