using System.Diagnostics;
using System.Net;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Crash.Tests.Faults;

/// <summary>Embedded mode, whose disk takes no more: what is there goes on working, what cannot be written is refused, and space is all it takes.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new() { SurvivesFullDisk = true };
    private readonly HttpClient http = Node.CreateClient();

    private string Data => Path.Combine(program.Folder, "porthor-data");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await program.DisposeAsync();
    }

    [Fact]
    public async Task A_full_disk_refuses_what_is_new_and_stops_nothing_else()
    {
        var (server, url) = await StartAsync();
        var bootstrap = Token.Parse((await File.ReadAllTextAsync(Path.Combine(Data, "bootstrap-token"))).Trim());
        var administrator = await http.CreateAdministratorAsync(url, bootstrap);
        var old = Requests.TokenIn((await http.CreateUserTokenAsync(url, administrator, "someone", "old", "read:all"))!);

        // No file may become longer than it is.
        await LimitFilesAsync(server, "0");
        var created = new List<Token> { old };
        Answer answer;
        while ((answer = (await http.CreateUserTokenAsync(url, administrator, "someone", $"{created.Count}", "read:all"))!).StatusCode == 201)
            created.Add(Requests.TokenIn(answer));
        answer.StatusCode.ShouldBe(503, answer.Body);
        answer.DetailType.ShouldBe("store_unavailable");

        // A revocation that cannot be written is not acknowledged; who may pass still passes, and lists are read.
        (await http.RevokeAsync(url, administrator, "someone", old.Key))!.StatusCode.ShouldBe(503);
        foreach (var token in created)
            (await http.PassAsync(url, token, "scope=read:all"))!.StatusCode.ShouldBe(200);
        Requests.ItemsIn((await http.ListAsync(url, administrator, "someone"))!).Count().ShouldBe(created.Count);

        // Space again: nothing has to be started anew.
        await LimitFilesAsync(server, "unlimited");
        created.Add(Requests.TokenIn((await http.CreateUserTokenAsync(url, administrator, "someone", "new", "read:all"))!));
        (await http.RevokeAsync(url, administrator, "someone", old.Key))!.StatusCode.ShouldBe(204);
        (await http.PassAsync(url, old))!.StatusCode.ShouldBe(401);

        // What was acknowledged is all there is, also after a crash and on another start.
        await server.KillAsync();
        (server, url) = await StartAsync();
        Requests.ItemsIn((await http.ListAsync(url, administrator, "someone"))!).Select(item => item.GetProperty("token").GetString())
            .ShouldBe(created.Skip(1).Select(token => token.Key.Value), ignoreOrder: true);
        (await program.RunAsync("audit", "--strict")).Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task Data_that_cannot_be_written_are_refused_at_the_start_in_one_sentence()
    {
        var (server, _) = await StartAsync();
        await server.TerminateAsync();
        // Root may write everywhere; so somebody else has to try.
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
        await running.UntilAsync(
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
