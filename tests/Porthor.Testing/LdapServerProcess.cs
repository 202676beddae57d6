using System.Diagnostics;

namespace Porthor.Testing;

/// <summary>Runs slapd. Anonymous clients can read everything except <see cref="HiddenDn"/>.</summary>
public sealed partial class LdapServerProcess : IAsyncDisposable
{
    public const string Suffix = "dc=example,dc=com";
    public const string RootDn = $"cn=root,{Suffix}";
    public const string RootPassword = "root-password-in-tests";

    /// <summary>A branch that only authenticated clients can read.</summary>
    public const string HiddenDn = $"ou=hidden,{Suffix}";

    private readonly string folder;
    private readonly bool withTls;
    private readonly IReadOnlyDictionary<string, string> variables;
    private Process process;
    private int trees;

    private LdapServerProcess(string folder, bool withTls, IReadOnlyDictionary<string, string> variables)
    {
        (this.folder, this.withTls, this.variables) = (folder, withTls, variables);
        (Port, TlsPort) = (RealServers.FreePort(), RealServers.FreePort());
        process = StartProcess();
    }

    public int Port { get; }

    public int TlsPort { get; }

    public string Url => $"ldap://127.0.0.1:{Port}/";

    public string TlsUrl => $"ldaps://127.0.0.1:{TlsPort}";

    /// <summary>The certificate of the CA that signed the server's certificate.</summary>
    public string CaFile => Path.Combine(folder, "ca.pem");

    /// <summary>Returns the same server's URL with a host name that its certificate does not contain.</summary>
    public static string OtherHost(string url) => url.Replace("127.0.0.1", "127.0.0.2", StringComparison.Ordinal);

    /// <summary>Returns a branch name that no other test uses.</summary>
    public string NextBranch() => $"tree{Interlocked.Increment(ref trees)}";

    /// <summary>Adds entries, in LDIF.</summary>
    public Task AddAsync(string ldif) => ModifyAsync(ldif, "-a");

    /// <summary>Changes entries, in LDIF.</summary>
    public Task ModifyAsync(string ldif) => ModifyAsync(ldif, "-c");

    /// <summary>Kills the process, as in a crash.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Suspends the process: it accepts connections but does not respond.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    /// <summary>Starts the server again on the same ports with the same data.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        process = StartProcess();
        await WaitUntilUpAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ModifyAsync(string ldif, string option)
    {
        var (code, errors) = await RunAsync("ldapmodify", [option, "-x", "-H", Url, "-D", RootDn, "-w", RootPassword], ldif);
        if (code != 0)
            throw new InvalidOperationException($"ldapmodify failed: {errors}\n{ldif}");
    }

    private Process StartProcess()
    {
        Prerequisites.SkipIfFast("LDAP");
        var start = new ProcessStartInfo(
            Prerequisites.Slapd ?? throw new InvalidOperationException("slapd is not installed."),
            ["-f", Path.Combine(folder, "slapd.conf"), "-h", withTls ? $"{Url} {TlsUrl} {OtherHost(Url)} {OtherHost(TlsUrl)}"
                : Url, "-d", "0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private Task WaitUntilUpAsync() => RealServers.WaitUntilAsync(
        async () =>
        {
            var (code, errors) = await RunAsync("ldapsearch", ["-x", "-H", Url, "-b", "", "-s", "base", "-o", "nettimeout=1"], input: "");
            if (code != 0)
                throw new InvalidOperationException(errors);
        },
        "slapd");

    private static async Task<(int Code, string Errors)> RunAsync(string program, string[] arguments, string input)
    {
        using var running = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await running.StandardInput.WriteAsync(input);
        running.StandardInput.Close();
        var output = running.StandardOutput.ReadToEndAsync();
        var errors = await running.StandardError.ReadToEndAsync();
        await output;
        await running.WaitForExitAsync();
        return (running.ExitCode, errors);
    }
}
