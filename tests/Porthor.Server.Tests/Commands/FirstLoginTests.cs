using System.Net;
using System.Text.RegularExpressions;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>The initial administrator: the program in an empty folder, and a browser.</summary>
public sealed class FirstLoginTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Fact]
    public async Task The_password_of_the_startup_banner_works_and_is_printed_once()
    {
        var first = await FirstStartServer.StartAsync(program);
        ValueOf(first.Banner, "username").ShouldBe("admin");
        var password = ValueOf(first.Banner, "password");
        var page = ValueOf(first.Banner, "page");
        page.ShouldStartWith($"{first.Url}/login?rd={first.Url}/");
        (await LogInAsync(page, password)).ShouldBe((HttpStatusCode.SeeOther, page.Split("rd=")[1]));
        (await LogInAsync(page, password + "x")).Status.ShouldBe(HttpStatusCode.Forbidden);
        var ended = await first.Program.TerminateAsync();

        // The password is printed once, and is in no log line and no file.
        ended.Errors.Split(password).Length.ShouldBe(2);
        ended.Output.ShouldNotContain(password);
        ended.Output.ShouldContain("Successfully authenticated user admin");
        foreach (var file in Directory.GetFiles(Path.Combine(program.Folder, "porthor-data")))
            System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)).ShouldNotContain(password);
        var kept = Path.Combine(program.Folder, "porthor-data", "local-admin");
        File.GetUnixFileMode(kept).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var hash = await File.ReadAllTextAsync(kept);

        // The second start explains how to reset the password and changes nothing.
        var second = await FirstStartServer.StartAsync(program);
        second.Banner.ShouldNotContain(password);
        second.Banner.ShouldContain($"/porthor.dll local-admin reset-password --data-dir {program.Folder}/porthor-data\n");
        (await File.ReadAllTextAsync(kept)).ShouldBe(hash);
        (await LogInAsync(ValueOf(second.Banner, "page"), password)).Status.ShouldBe(HttpStatusCode.SeeOther);

        // The reset works while the server is running, and has an immediate effect.
        var reset = await program.RunAsync("local-admin", "reset-password");
        (reset.ExitCode, reset.Errors).ShouldBe(
            (0, $"Working on the embedded deployment at {program.Folder}/porthor-data\nadmin has a new password; the old one is no longer "
                + $"accepted\n"));
        reset.Output.ShouldMatch(@"\A([a-z2-9]{6}-){3}[a-z2-9]{6}\n\z");
        (await LogInAsync(ValueOf(second.Banner, "page"), password)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await LogInAsync(ValueOf(second.Banner, "page"), reset.Output.TrimEnd())).Status.ShouldBe(HttpStatusCode.SeeOther);
        File.GetUnixFileMode(kept).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>The configuration contains no provider. Then the server creates the administrator.</summary>
    [Fact]
    public async Task A_configuration_without_users_also_gets_the_administrator()
    {
        program.Configure("logLevel: INFO\n");
        var server = program.Start("run", "--port", "0");
        await server.WaitUntilAsync(() => Task.FromResult(server.Errors.Contains("keep it)", StringComparison.Ordinal)), "the password");
        (await LogInAsync(ValueOf(server.Errors, "page"), ValueOf(server.Errors, "password"))).Status.ShouldBe(HttpStatusCode.SeeOther);
        server.Errors.ShouldNotContain("curl");
    }

    [Fact]
    public async Task With_configured_users_no_administrator_is_created()
    {
        var hash = (await program.RunWithInputAsync("correct horse battery staple\n", "hash-password")).Output.Trim();
        program.Configure(
            $"localUsers:\n  - username: alice\n    groups: [admins]\n    passwordHash: '{hash}'\nlocalGroups: {{admins: 3000}}\n");
        var server = program.Start("run", "--urls", "http://127.0.0.1:0");
        await server.WaitUntilAsync(() => Task.FromResult(File.Exists(Path.Combine(program.Folder, "porthor-data", "lock"))), "the server");
        var refused = await program.RunAsync("local-admin", "reset-password");
        refused.ShouldBe(new Outcome(
            1, "",
            $"Working on the embedded deployment at {program.Folder}/porthor-data\nError: There is no local administrator: the "
                + $"configuration contains a login provider or localUsers.\n"));
        (await server.TerminateAsync()).Errors.ShouldNotContain("password");
        File.Exists(Path.Combine(program.Folder, "porthor-data", "local-admin")).ShouldBeFalse();
    }

    private static string ValueOf(string banner, string what) => Match(banner, $@"\n  {what} +(?<one>\S+)\n");

    private static string Match(string text, string pattern) =>
        Regex.Match(text, pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["one"].Value;

    private static async Task<(HttpStatusCode Status, string? Location)> LogInAsync(string page, string password)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() });
        using var sent = await client.GetAsync(page);
        var form = new Uri(new Uri(page), sent.Headers.Location!);
        var state = Match(await client.GetStringAsync(form), "name=\"state\" value=\"(?<one>[^\"]+)\"");
        using var filled = new FormUrlEncodedContent([new("state", state), new("username", "admin"), new("password", password)]);
        using var answer = await client.PostAsync(form, filled);
        return (answer.StatusCode, answer.Headers.Location?.OriginalString);
    }
}
