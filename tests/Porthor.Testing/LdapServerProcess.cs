using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Porthor.Testing;

/// <summary>Runs slapd. Anonymous clients can read everything except <see cref="HiddenDn"/>.</summary>
public sealed class LdapServerProcess : IAsyncDisposable
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

    /// <param name="withTls">False for a server that does not support TLS.</param>
    /// <param name="more">Additional lines of its configuration.</param>
    /// <param name="variables">Additional environment variables.</param>
    public static async Task<LdapServerProcess> StartAsync(
        string folder, bool withTls = true, string more = "", IReadOnlyDictionary<string, string>? variables = null)
    {
        Directory.CreateDirectory(Path.Combine(folder, "db"));
        await CreateCertificatesAsync(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "tests.schema"), Schema);
        await File.WriteAllTextAsync(Path.Combine(folder, "slapd.conf"), Configuration(folder, withTls, more));
        var server = new LdapServerProcess(folder, withTls, variables ?? new Dictionary<string, string>());
        await server.WaitUntilUpAsync();
        await server.AddAsync(
            $"""
            dn: {Suffix}
            objectClass: dcObject
            objectClass: organization
            dc: example
            o: example

            dn: {HiddenDn}
            objectClass: organizationalUnit
            ou: hidden
            """);
        return server;
    }

    /// <summary>Returns the same server's URL with a host name that its certificate does not contain.</summary>
    public static string OtherHost(string url) => url.Replace("127.0.0.1", "127.0.0.2", StringComparison.Ordinal);

    /// <summary>Starts a server for one test, which can make it fail.</summary>
    public static Task<LdapServerProcess> StartOwnAsync(
        bool withTls = true, string more = "", IReadOnlyDictionary<string, string>? variables = null) =>
        StartAsync(Directory.CreateTempSubdirectory("porthor-ldap-").FullName, withTls, more, variables);

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

    private static async Task CreateCertificatesAsync(string folder)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=Porthor's tests", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authority = authorityRequest.CreateSelfSigned(from, until);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ldap", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, until, [1, 2, 3, 4]);

        await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), authority.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "server.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "server.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static string Configuration(string folder, bool withTls, string more)
    {
        var tls = $"""
            TLSCertificateFile {folder}/server.pem
            TLSCertificateKeyFile {folder}/server.key
            """;
        return $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            include {folder}/tests.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            {(withTls ? tls : "")}
            {more}
            database mdb
            suffix {Suffix}
            rootdn {RootDn}
            rootpw {RootPassword}
            directory {folder}/db
            dbnosync
            access to dn.subtree="{HiddenDn}" by users read by * none
            access to * by * read
            """;
    }

    /// <summary>A schema without required attributes, so that tests can omit any attribute.</summary>
    private const string Schema =
        """
        attributetype ( 1.3.6.1.4.1.4203.666.1.9001 NAME 'memberName' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
        objectclass ( 1.3.6.1.4.1.4203.666.3.9001 NAME 'testUser' SUP top STRUCTURAL
          MAY ( uid $ cn $ displayName $ mail $ uidNumber $ gidNumber $ employeeNumber $ departmentNumber $ description ) )
        objectclass ( 1.3.6.1.4.1.4203.666.3.9002 NAME 'posixGroup' SUP top STRUCTURAL
          MAY ( cn $ gidNumber $ member $ memberName $ description ) )
        """;
}
