using System.Diagnostics;
using System.Net;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Failures;

/// <summary>
/// Embedded mode with a full disk: existing tokens keep working, requests that must write are rejected, and the server recovers when there
/// is space again.
/// </summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new() { IgnoresFileSizeSignal = true };
    private readonly HttpClient http = Node.CreateClient();

    private string Data => Path.Combine(program.Folder, "porthor-data");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await program.DisposeAsync();
    }

    [Fact]
    public async Task A_full_disk_rejects_writes_only()
    {
        var (server, url) = await StartAsync();
        var bootstrap = Token.Parse((await File.ReadAllTextAsync(Path.Combine(Data, "bootstrap-token"))).Trim());
        var administrator = await http.CreateAdministratorAsync(url, bootstrap);
        var old = Requests.TokenIn((await http.CreateUserTokenAsync(url, administrator, "someone", "old", "read:all"))!);

        // From now on no file can grow.
        await LimitFilesAsync(server, "0");
        var created = new List<Token> { old };
        Answer answer;
        while (
            (answer = (await http.CreateUserTokenAsync(url, administrator, "someone", $"{created.Count}", "read:all"))!).StatusCode == 201)
            created.Add(Requests.TokenIn(answer));
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.DetailType.ShouldBe("store_unavailable");

        // A revocation that cannot be stored is not acknowledged. Valid tokens are still allowed, and lists can be read.
        (await http.RevokeAsync(url, administrator, "someone", old.Key))!.StatusCode.ShouldBe(503);
        foreach (var token in created)
            (await http.AuthorizeAsync(url, token, "scope=read:all"))!.StatusCode.ShouldBe(200);
        Requests.ItemsIn((await http.ListAsync(url, administrator, "someone"))!).Count().ShouldBe(created.Count);

        // With free space the server works without a restart.
        await LimitFilesAsync(server, "unlimited");
        created.Add(Requests.TokenIn((await http.CreateUserTokenAsync(url, administrator, "someone", "new", "read:all"))!));
        (await http.RevokeAsync(url, administrator, "someone", old.Key))!.StatusCode.ShouldBe(204);
        (await http.AuthorizeAsync(url, old))!.StatusCode.ShouldBe(401);

        // Exactly the acknowledged changes are stored, also after a crash and a restart.
        await server.KillAsync();
        (server, url) = await StartAsync();
        Requests.ItemsIn((await http.ListAsync(url, administrator, "someone"))!).Select(item => item.GetProperty("token").GetString())
            .ShouldBe(created.Skip(1).Select(token => token.Key.Value), ignoreOrder: true);
        (await program.RunAsync("audit", "--strict")).Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_read_only_data_directory_fails_the_start_with_one_message()
    {
        var (server, _) = await StartAsync();
        await server.TerminateAsync();
        // Root can write everywhere, so the program runs as another user.
        program.RunsAsNobody = true;
        foreach (var file in Directory.GetFiles(Data))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        const UnixFileMode readable = (UnixFileMode)0b101_101_101;
        foreach (var folder in (string[])[program.Folder, Data])
            File.SetUnixFileMode(folder, readable);
        var ended = await program.RunAsync("run", "--port", "0");
        File.SetUnixFileMode(program.Folder, readable | UnixFileMode.UserWrite);
        File.SetUnixFileMode(Data, readable | UnixFileMode.UserWrite);
        ended.ExitCode.ShouldBe(1);
        ended.Errors.ShouldStartWith("Error: ");
        ended.Errors.ShouldContain(Data);
        ended.Errors.TrimEnd('\n').ShouldNotContain('\n');
    }

    private async Task<(RunningProgram, Uri)> StartAsync()
    {
        var url = new Uri($"http://127.0.0.1:{RealServers.FreePort()}");
        var running = program.Start("run", "--port", $"{url.Port}");
        await running.WaitUntilAsync(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri(url, "/health"));
                    return answer.StatusCode == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the server");
        return (running, url);
    }

    private static async Task LimitFilesAsync(RunningProgram server, string size)
    {
        using var prlimit = Process.Start("prlimit", ["--pid", $"{server.Id}", $"--fsize={size}:"]);
        await prlimit.WaitForExitAsync();
        prlimit.ExitCode.ShouldBe(0);
    }
}
