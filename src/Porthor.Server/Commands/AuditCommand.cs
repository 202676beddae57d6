using System.CommandLine;
using Porthor.Audit;
using Porthor.Server.Alerts;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Observation;

namespace Porthor.Server.Commands;

/// <summary><c>porthor audit</c>: compares token index and record store (contract/configuration.md 8, deviations 27).</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var fix = new Option<bool>("--fix") { Description = "Repair the inconsistencies that have only one possible repair" };
        var strict = new Option<bool>("--strict") { Description = "Exit with status 1 if there are findings that were not repaired" };
        var command = new Command("audit", "Compare the stores and report inconsistencies") { fix, strict };
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            var remaining = await RunAsync(core, parsed.GetValue(fix), cancellationToken);
            await MaintenanceStatus.NoteAuditAsync(core.Sql, core.Clock, remaining, cancellationToken);
            return remaining.Count > 0 && parsed.GetValue(strict) ? 1 : 0;
        });
        return command;
    }

    /// <summary>Prints the findings and posts them to Slack if it is configured.</summary>
    /// <returns>The number of findings of each kind that were not repaired.</returns>
    private static async Task<IReadOnlyDictionary<AuditKind, long>> RunAsync(
        PorthorDeployment core, bool fix, CancellationToken cancellationToken)
    {
        var digest = core.Settings.Slack.Webhook is null ? null : new AuditDigest();
        Dictionary<AuditKind, long> remaining = [];
        long findings = 0;
        AuditProgress last = default;
        using (var progress = new TerminalProgress<AuditProgress>(
            "Checking", p => $"{p.Examined:N0} records and rows, {p.Findings:N0} findings", p => last = p))
        {
            await foreach (var finding in core.Audit.RunAsync(fix, progress, cancellationToken))
            {
                progress.Clear();
                Console.Out.WriteLine(finding.Text);
                findings++;
                digest?.Add(finding);
                if (!finding.Repaired)
                    remaining[finding.Kind] = remaining.GetValueOrDefault(finding.Kind) + 1;
            }
        }
        var repairs = fix ? $", {CountText.Of(findings - remaining.Values.Sum(), "repair")}" : "";
        await Console.Error.WriteLineAsync($"Checked {CountText.Of(last.Tokens, "token")}, {CountText.Of(findings, "finding")}{repairs}");
        if (digest is { IsEmpty: false })
        {
            using var slack = new SlackWebhook(core.Settings.Slack.Webhook!, core.Loggers.CreateLogger<SlackWebhook>());
            await slack.PostAsync(SlackMessage.Of(digest.ToString()), cancellationToken);
        }
        return remaining;
    }

    /// <summary>Collects the findings for one message. The message contains at most 1,000 findings, grouped by kind.</summary>
    private sealed class AuditDigest
    {
        private const int MaxFindings = 1000;
        private readonly List<AuditFinding> findings = [];
        private long omitted;

        public bool IsEmpty => findings.Count == 0;

        public void Add(AuditFinding finding)
        {
            if (findings.Count < MaxFindings)
                findings.Add(finding);
            else
                omitted++;
        }

        public override string ToString()
        {
            var lines = findings.OrderBy(finding => finding.Kind).Select(finding => finding.Text).ToList();
            if (omitted > 0)
                lines.Add($"and {omitted} more");
            return "Gafaelfawr data inconsistencies found:\n• " + string.Join("\n• ", lines);
        }
    }
}
