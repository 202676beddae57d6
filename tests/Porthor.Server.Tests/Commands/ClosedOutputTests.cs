using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>The server starts and stops although its output is closed or is not read.</summary>
public sealed class ClosedOutputTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Fact]
    public async Task It_stops_in_time_while_nobody_reads_its_log()
    {
        program.Variables["DLL"] = Path.Combine(AppContext.BaseDirectory, "porthor.dll");
        // The pipe to the reader is full before the server writes its first line.
        var outcome = await program.RunShellAsync(
            """
            mkfifo log
            exec 3<>log
            dd if=/dev/zero of=log bs=4096 oflag=nonblock 2>/dev/null || true
            PORT=$(shuf -i 12000-31999 -n 1)
            dotnet "$DLL" run --port "$PORT" >log 2>errors &
            SERVER=$!
            until curl -sf "http://127.0.0.1:$PORT/health/live" >/dev/null; do kill -0 $SERVER; done
            # Lines that cannot be written.
            for i in $(seq 5); do curl -s -o /dev/null -H 'Authorization: Bearer gt-x' "http://127.0.0.1:$PORT/auth/api/v1/token-info"; done
            BEGIN=$(date +%s%N)
            kill -TERM $SERVER
            wait $SERVER
            echo "exit $? after $(( ($(date +%s%N) - BEGIN) / 1000000 )) ms"
            """);
        outcome.Output.ShouldStartWith("exit 0 after ", customMessage: outcome.Errors);
        // Two seconds for the log, and a margin for a busy machine.
        int.Parse(outcome.Output.Split(' ')[3]).ShouldBeLessThan(15_000);
    }

    [Theory]
    [InlineData(">/dev/null 2>&-")]
    [InlineData(">&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData(">/dev/full 2>/dev/full")]
    public async Task It_serves_with_closed_output(string redirection)
    {
        program.Variables["DLL"] = Path.Combine(AppContext.BaseDirectory, "porthor.dll");
        var outcome = await program.RunShellAsync(
            $$"""
            PORT=$(shuf -i 12000-31999 -n 1)
            dotnet "$DLL" run --port "$PORT" {{redirection}} &
            SERVER=$!
            until curl -sf "http://127.0.0.1:$PORT/health/live" >/dev/null; do kill -0 $SERVER; done
            curl -s -o answer -w '%{http_code}\n' -H "Authorization: Bearer $(cat porthor-data/bootstrap-token)" "http://127.0.0.1:$PORT/auth/api/v1/history/token-changes?limit=1"
            kill -TERM $SERVER
            wait $SERVER
            echo "exit $?"
            head -c 16 porthor-data/porthor.db | tr -d '\0'
            """);
        outcome.Output.ShouldBe("200\nexit 0\nSQLite format 3\n", outcome.Errors);
    }

    [Fact]
    public async Task A_verb_whose_result_cannot_be_written_fails()
    {
        program.Variables["DLL"] = Path.Combine(AppContext.BaseDirectory, "porthor.dll");
        var outcome = await program.RunShellAsync(
            """
            dotnet "$DLL" init >/dev/null 2>&1
            dotnet "$DLL" token create --username alice >/dev/full || echo "exit $?"
            """);
        outcome.Output.ShouldBe("exit 1\n");
        outcome.Errors.ShouldContain("Error: ");
    }
}
