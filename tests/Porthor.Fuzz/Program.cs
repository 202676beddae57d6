using System.Globalization;
using Porthor.Fuzz;
using SharpFuzz;

// The commands of ./fuzz.sh:
//   instrument FOLDER                  instruments Porthor's assemblies in this folder
//   run CORPUS SECONDS [TARGET...]     fuzzes for this time in total, and adds inputs that reach new branches to the corpus
switch (args)
{
    case ["instrument", var folder]:
        foreach (var name in (string[])["Porthor.Core.dll", "porthor.dll"])
            Fuzzer.Instrument(Path.Combine(folder, name), _ => true, Options.Value);
        return 0;
    case ["run", var corpus, var seconds, .. var names]:
        return Run(corpus, double.Parse(seconds, CultureInfo.InvariantCulture), names);
    default:
        Console.Error.WriteLine("Run ./fuzz.sh instead.");
        return 2;
}

static int Run(string corpus, double seconds, string[] names)
{
    using var coverage = new Coverage();
    var targets = FuzzTarget.All.Where(target => names.Length == 0 || names.Contains(target.Name)).ToList();
    var failed = false;
    foreach (var target in targets)
    {
        var known = Corpus.Read(corpus, target);
        var campaign = new Campaign(target, known, Random.Shared.Next());
        var (found, before) = (0, coverage.Reached);
        try
        {
            campaign.Run(TimeSpan.FromSeconds(seconds / targets.Count), coverage, input =>
            {
                found++;
                Corpus.Add(corpus, target, input);
            });
        }
        catch (FuzzException e)
        {
            failed = true;
            Console.Error.WriteLine(e.Message);
        }
        Console.WriteLine(
            $"{target.Name,-14} {campaign.Tried,12:N0} inputs, {coverage.Reached - before,6:N0} branches, {known.Count} known "
                + $"and {found} new");
    }
    return failed ? 1 : 0;
}
