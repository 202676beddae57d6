using Porthor.Server.Platform;
using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>Porthor listens only on unambiguous addresses.</summary>
public sealed class ListenAddressTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Theory]
    [InlineData("127.0.0.1", "http://127.0.0.1:8080")]
    [InlineData("0.0.0.0", "http://0.0.0.0:8080")]
    [InlineData("::1", "http://[::1]:8080")]
    [InlineData("[::1]", "http://[::1]:8080")]
    [InlineData("::", "http://[::]:8080")]
    [InlineData("localhost", "http://localhost:8080")]
    [InlineData("*", "http://*:8080")]
    [InlineData("+", "http://+:8080")]
    public void A_host_with_one_meaning_is_accepted(string host, string expected)
    {
        ListenUrls.TryBuild(host, 8080, out var url, out var error).ShouldBeTrue(error);
        url.ShouldBe(expected);
        ListenUrls.FindError(expected).ShouldBeNull();
    }

    [Theory]
    [InlineData("tokens.example.com")]
    [InlineData("127.0.0.1.")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("010.0.0.1")]
    [InlineData("127.0.0.1 ")]
    [InlineData("[127.0.0.1]")]
    [InlineData("[[::1]]")]
    [InlineData("[::1")]
    [InlineData("[::1]:80")]
    [InlineData("localhost.")]
    [InlineData("**")]
    [InlineData("127.0.0.1:8080")]
    [InlineData("127.0.0.1/")]
    [InlineData("")]
    public void Another_host_is_rejected(string host)
    {
        ListenUrls.TryBuild(host, 8080, out _, out var error).ShouldBeFalse();
        error.ShouldContain(host);
        ListenUrls.FindError($"http://{host}:8080").ShouldNotBeNull();
    }

    [Theory]
    [InlineData("http://127.0.0.1:0;http://[::1]:8081/")]
    [InlineData("http://unix:/run/porthor.sock")]
    [InlineData("HTTP://localhost")]
    public void URLs_with_valid_addresses_are_accepted(string urls) => ListenUrls.FindError(urls).ShouldBeNull();

    [Theory]
    [InlineData("http://127.0.0.1.:8080")]
    [InlineData("http://127.0.0.1:8080;http://example.com:8081")]
    [InlineData("https://127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:8080/path")]
    [InlineData("http://user@127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:port")]
    [InlineData("http://127.0.0.1:65536")]
    [InlineData("http://127.0.0.1:")]
    [InlineData("http://unix:/")]
    [InlineData("http://unix:socket")]
    [InlineData("127.0.0.1:8080")]
    [InlineData("http://")]
    [InlineData(" ; ")]
    public void Other_URLs_are_rejected(string urls) => ListenUrls.FindError(urls).ShouldNotBeNull();

    [Theory]
    [InlineData("--host", "[::1].")]
    [InlineData("--host", "tokens.example.com")]
    [InlineData("--urls", "http://127.0.0.1.:0")]
    public async Task The_program_rejects_it_and_does_not_start(string option, string value)
    {
        var outcome = await program.RunAsync("run", option, value);
        outcome.ExitCode.ShouldBe(2);
        outcome.Errors.ShouldStartWith($"Error: Cannot listen on '{value}'. Use an IP address, localhost, or * for all interfaces.");
        Directory.Exists(Path.Combine(program.Folder, "porthor-data")).ShouldBeFalse();
    }

    [Fact]
    public async Task The_program_listens_only_on_the_address_in_brackets()
    {
        var server = program.Start("run", "--host", "[::1]", "--port", "0");
        await server.WaitUntilAsync(
            () => Task.FromResult(server.Errors.Contains("http://[::1]:", StringComparison.Ordinal)), "the address");
        var port = int.Parse(server.Errors.Split("http://[::1]:")[1].Split('/', '\n', ' ')[0]);
        using var other = new System.Net.Sockets.TcpClient();
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(() => other.ConnectAsync("127.0.0.1", port));
        using var client = new HttpClient();
        (await client.GetStringAsync($"http://[::1]:{port}/health/live")).ShouldNotBeEmpty();
    }
}
