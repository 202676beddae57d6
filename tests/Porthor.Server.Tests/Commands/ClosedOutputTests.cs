using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary>The server starts and stops while its output is closed or not read.</summary>
public sealed class ClosedOutputTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    /// <summary>A pipe that is full before the server writes its first line. The startup banner is printed to standard error.</summary>
    [Theory]
    [InlineData(">full 2>errors")]
    [InlineData(">log 2>full")]
    public async Task The_server_starts_and_stops_in_time_while_an_output_is_not_read(string redirection)
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            $$"""
            mkfifo full
            exec 3<>full
            dd if=/dev/zero of=full bs=4096 oflag=nonblock 2>/dev/null || true
            PORT=$(shuf -i 12000-31999 -n 1)
            dotnet "$DLL" run --port "$PORT" {{redirection}} &
            SERVER=$!
            until curl -sf "http://127.0.0.1:$PORT/health/live" >/dev/null; do kill -0 $SERVER; done
            # Log lines that may not be written.
            for i in $(seq 5); do curl -s -o /dev/null -H 'Authorization: Bearer gt-x' "http://127.0.0.1:$PORT/auth/api/v1/token-info"; done
            BEGIN=$(date +%s%N)
            kill -TERM $SERVER
            wait $SERVER
            echo "exit $? after $(( ($(date +%s%N) - BEGIN) / 1000000 )) ms"
            """);
        outcome.Output.ShouldStartWith("exit 0 after ", customMessage: outcome.Errors);
        // Two seconds for the log, and additional time for a busy machine.
        int.Parse(outcome.Output.Split(' ')[3]).ShouldBeLessThan(15_000);
    }

    [Theory]
    [InlineData(">/dev/null 2>&-")]
    [InlineData(">&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData(">/dev/full 2>/dev/full")]
    public async Task The_server_works_with_closed_output(string redirection)
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            $$"""
            PORT=$(shuf -i 12000-31999 -n 1)
            dotnet "$DLL" run --port "$PORT" {{redirection}} &
            SERVER=$!
            until curl -sf "http://127.0.0.1:$PORT/health/live" >/dev/null; do kill -0 $SERVER; done
            curl -s -o answer -w '%{http_code}\n' -H "Authorization: Bearer $(cat porthor-data/bootstrap-token)" \
              "http://127.0.0.1:$PORT/auth/api/v1/history/token-changes?limit=1"
            kill -TERM $SERVER
            wait $SERVER
            echo "exit $?"
            head -c 16 porthor-data/porthor.db | tr -d '\0'
            """);
        outcome.Output.ShouldBe("200\nexit 0\nSQLite format 3\n", outcome.Errors);
    }

    [Fact]
    public async Task A_command_whose_result_cannot_be_written_fails()
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            """
            dotnet "$DLL" init >/dev/null 2>&1
            dotnet "$DLL" token create --username alice >/dev/full || echo "exit $?"
            """);
        outcome.Output.ShouldBe("exit 1\n");
        outcome.Errors.ShouldMatch(
            "Error: Created token [A-Za-z0-9_-]{22} of alice and revoked it, because it cannot be printed. Cannot write to standard "
                + "output: No space left on device.\n");
    }

    /// <summary>A token that was not printed must not stay valid.</summary>
    [Theory]
    [InlineData(">/dev/full", "No space left on device")]
    [InlineData(">&-", "it is closed")]
    [InlineData("<&- >&-", "it is closed")]
    [InlineData("| (exec <&-; while kill -0 $(cat pid) 2>/dev/null; do sleep 0.1; done)", "Broken pipe")]
    public async Task A_token_that_cannot_be_printed_is_not_valid(string redirection, string reason)
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            $$"""
            dotnet "$DLL" init >/dev/null 2>&1
            set +e
            (bash -c 'echo $$ >pid; exec dotnet "$DLL" token create --username alice'; echo $? >status) {{redirection}}
            cat status
            dotnet "$DLL" token list --output json
            """);
        outcome.Output.ShouldBe("1\n[]\n", outcome.Errors);
        outcome.Errors.ShouldContain($"Cannot write to standard output: {reason}.");
    }

    [Theory]
    [InlineData("generate-session-secret")]
    [InlineData("generate-token")]
    [InlineData("generate-key")]
    [InlineData("token list")]
    public async Task A_command_reports_that_it_cannot_print_its_result(string verb)
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            $"""dotnet "$DLL" init >/dev/null 2>&1; dotnet "$DLL" token create -u ann >/dev/null; dotnet "$DLL" {verb} >&- || echo"""
                + $""" "exit $?" """);
        outcome.Output.ShouldBe("exit 1\n");
        outcome.Errors.ShouldEndWith("Error: Cannot write to standard output: it is closed.\n");
    }

    [Theory]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    public async Task A_new_password_that_cannot_be_printed_does_not_replace_the_old_one(string redirection)
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            $"""
            dotnet "$DLL" init >/dev/null 2>&1
            dotnet "$DLL" local-admin reset-password >/dev/null
            cp porthor-data/local-admin before
            dotnet "$DLL" local-admin reset-password {redirection} || echo "exit $?"
            cmp before porthor-data/local-admin && echo same
            """);
        outcome.Output.ShouldBe("exit 1\nsame\n", outcome.Errors);
    }

    /// <summary>The revocation is more important than its output.</summary>
    [Fact]
    public async Task All_tokens_are_revoked_even_if_the_output_cannot_be_written()
    {
        program.Variables["DLL"] = PorthorProgram.ProgramFile;
        var outcome = await program.RunShellAsync(
            """
            dotnet "$DLL" init >/dev/null 2>&1
            for name in one two; do dotnet "$DLL" token create -u ann -n $name >/dev/null; done
            dotnet "$DLL" token revoke --all-of ann --yes >/dev/full || echo "exit $?"
            dotnet "$DLL" token list --output json
            """);
        outcome.Output.ShouldBe("exit 1\n[]\n", outcome.Errors);
        outcome.Errors.ShouldContain("Revoked 2 tokens\n");
    }
}
