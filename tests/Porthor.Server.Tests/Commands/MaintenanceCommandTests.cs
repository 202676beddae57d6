using System.Net;
using System.Text.Json;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Tests.Commands;

/// <summary>CLI-001 and CLI-007: the audit with its report to Slack, and maintenance.</summary>
public sealed class MaintenanceCommandTests
{
    [Theory, EmbeddedAndCluster]
    public async Task An_audit_reports_and_repairs_findings_once(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        using var slack = new HttpListener();
        var address = $"http://127.0.0.1:{RealServers.FreePort()}/hook/";
        slack.Prefixes.Add(address);
        slack.Start();
        program.Variables["PORTHOR_SLACK_WEBHOOK"] = address;

        // A token without a record.
        var core = await deployment.OpenNodeAsync();
        var token = await CreateAsync(core, "lost", expires: null);
        await core.RecordStore.DeleteAllAsync(CancellationToken.None);
        var finding = $"Token `{token.Key}` for `some-user` found in database but not Redis";

        // A finding is reported; it is an error only if the command requests this.
        var posts = AcceptAsync(slack, 3);
        var found = await program.RunAsync("audit");
        (found.ExitCode, found.Output).ShouldBe((0, finding + "\n"));
        found.Errors.ShouldEndWith("\nChecked 1 token, 1 finding\n");
        (await program.RunAsync("audit", "--strict")).ExitCode.ShouldBe(1);

        // After the repair no finding remains, and nothing is posted.
        var repaired = await program.RunAsync("audit", "--fix", "--strict");
        (repaired.ExitCode, repaired.Output).ShouldBe((0, finding + " (fixed)\n"));
        var texts = await posts;
        texts[0].ShouldBe($"Gafaelfawr data inconsistencies found:\n• {finding}");
        texts[2].ShouldBe($"Gafaelfawr data inconsistencies found:\n• {finding} (fixed)");
        var further = slack.GetContextAsync();
        var silent = await program.RunAsync("audit", "--strict");
        (silent.ExitCode, silent.Output).ShouldBe((0, ""));
        silent.Errors.ShouldMatch(@"\nChecked [0-9]+ tokens?, 0 findings\n\z");
        further.IsCompleted.ShouldBeFalse();
    }

    [Theory, EmbeddedAndCluster]
    public async Task Maintenance_removes_only_expired_and_old_data(Mode mode)
    {
        await using var deployment = await Deployment.CreateAsync(mode);
        await using var program = await PorthorProgram.ForAsync(deployment);
        var clock = new PastClock();
        var past = await deployment.OpenNodeAsync(clock);
        var expired = await CreateAsync(past, "expired", clock.GetUtcNow().AddDays(1));
        var live = await CreateAsync(past, "live", expires: null);

        var done = await program.RunAsync("maintenance");
        done.ExitCode.ShouldBe(0, done.Errors);
        done.Output.ShouldBeEmpty();
        done.Errors.ShouldEndWith("Removed 1 expired tokens and 2 old changes; 0 users with tokens that expire, 1 user tokens.\n");
        (await program.RunAsync("token", "list")).Output.Split('\t')[0].ShouldBe(live.Key.Value);
        (await past.Tokens.GetTokenInfoUncheckedAsync(expired.Key)).ShouldBeNull();
    }

    private static Task<Token> CreateAsync(PorthorDeployment core, string name, DateTimeOffset? expires) =>
        core.Tokens.CreateTokenFromAdminRequestAsync(
        new AdminTokenRequest
        {
            Username = "some-user",
            TokenType = TokenType.User,
            TokenName = name,
            Scopes = ScopeSet.Parse("read:all"),
            Expires = expires,
        },
        new Caller(TokenRecord.Internal(core.Clock.GetUtcNow()), IpAddress: null),
        CancellationToken.None);

    /// <summary>Accepts messages like Slack and returns the text of the only block of each message.</summary>
    private static async Task<List<string?>> AcceptAsync(HttpListener slack, int count)
    {
        List<string?> texts = [];
        while (texts.Count < count)
        {
            var context = await slack.GetContextAsync();
            using var message = await JsonDocument.ParseAsync(context.Request.InputStream);
            var block = message.RootElement.GetProperty("blocks").EnumerateArray().Single();
            block.GetProperty("type").GetString().ShouldBe("section");
            texts.Add(block.GetProperty("text").GetProperty("text").GetString());
            context.Response.Close();
        }
        return texts;
    }

    /// <summary>A clock 800 days behind the system's clock.</summary>
    private sealed class PastClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(-800);
    }
}
