using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Porthor.Testing;

/// <summary>A slapd of our own: readable by everybody, with a name and a password that may read what others may not.</summary>
public sealed class LdapServerProcess : IAsyncDisposable
{
    public const string Suffix = "dc=example,dc=com";
    public const string RootDn = $"cn=root,{Suffix}";
    public const string RootPassword = "root-password-in-tests";

    /// <summary>What may be read only by whoever has said who they are.</summary>
    public const string HiddenDn = $"ou=hidden,{Suffix}";

    private readonly string folder;
    private readonly bool withTls;
    private Process process;
    private int trees;

    private LdapServerProcess(string folder, bool withTls)
    {
        (this.folder, this.withTls) = (folder, withTls);
        (Port, TlsPort) = (RealServers.FreePort(), RealServers.FreePort());
        process = Launch();
    }

    public int Port { get; }

    public int TlsPort { get; }

    public string Url => $"ldap://127.0.0.1:{Port}/";

    public string TlsUrl => $"ldaps://127.0.0.1:{TlsPort}";

    /// <summary>The certificate of whoever signed the server's.</summary>
    public string CaFile => Path.Combine(folder, "ca.pem");

    /// <param name="withTls">False for a server that cannot do TLS.</param>
    public static async Task<LdapServerProcess> StartAsync(string folder, bool withTls = true)
    {
        Directory.CreateDirectory(Path.Combine(folder, "db"));
        await MakeCertificatesAsync(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "tests.schema"), Schema);
        await File.WriteAllTextAsync(Path.Combine(folder, "slapd.conf"), Configuration(folder, withTls));
        var server = new LdapServerProcess(folder, withTls);
        await server.UntilUpAsync();
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

    /// <summary>A server of a test's own, to be broken.</summary>
    public static Task<LdapServerProcess> StartOwnAsync(bool withTls = true) =>
        StartAsync(Directory.CreateTempSubdirectory("porthor-ldap-").FullName, withTls);

    /// <summary>The name of a branch that nobody else uses.</summary>
    public string NextBranch() => $"tree{Interlocked.Increment(ref trees)}";

    /// <summary>Adds entries, in LDIF.</summary>
    public Task AddAsync(string ldif) => ModifyAsync(ldif, "-a");

    /// <summary>Changes entries, in LDIF.</summary>
    public Task ModifyAsync(string ldif) => ModifyAsync(ldif, "-c");

    /// <summary>Ends it at once, as a crash would.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Makes it stand still: connections are still made, and nothing is answered.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    /// <summary>Starts it again on the same ports, with what it had.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        process = Launch();
        await UntilUpAsync();
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

    private Process Launch() => Process.Start(new ProcessStartInfo(
        Prerequisites.Slapd ?? throw new InvalidOperationException("slapd is not installed."),
        ["-f", Path.Combine(folder, "slapd.conf"), "-h", withTls ? $"{Url} {TlsUrl}" : Url, "-d", "0"])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private Task UntilUpAsync() => RealServers.UntilAsync(
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

    private static async Task MakeCertificatesAsync(string folder)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=Porthor's tests", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authority = authorityRequest.CreateSelfSigned(from, until);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ldap", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, until, [1, 2, 3, 4]);

        await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), authority.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "server.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "server.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static string Configuration(string folder, bool withTls)
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

    /// <summary>Entries that need have nothing, so that a test can leave out whatever it likes.</summary>
    private const string Schema =
        """
        attributetype ( 1.3.6.1.4.1.4203.666.1.9001 NAME 'memberName' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
        objectclass ( 1.3.6.1.4.1.4203.666.3.9001 NAME 'testUser' SUP top STRUCTURAL
          MAY ( uid $ cn $ displayName $ mail $ uidNumber $ gidNumber $ employeeNumber $ departmentNumber $ description ) )
        objectclass ( 1.3.6.1.4.1.4203.666.3.9002 NAME 'posixGroup' SUP top STRUCTURAL
          MAY ( cn $ gidNumber $ member $ memberName $ description ) )
        """;
}
