using System.Diagnostics;

namespace Porthor.Testing;

/// <summary>Runs a Kerberos KDC with a principal for an LDAP server on this machine and one for Porthor.</summary>
public sealed class KerberosRealm : IAsyncDisposable
{
    private const string Realm = "EXAMPLE.TEST";

    private readonly string folder;
    private readonly Process process;

    private KerberosRealm(string folder, Process process) => (this.folder, this.process) = (folder, process);

    /// <summary>The reason why Kerberos tests cannot run on this machine; null if they can.</summary>
    public static string? SkipReason =>
        Array.TrueForAll(["krb5kdc", "kdb5_util", "kadmin.local", "kinit"], program => Prerequisites.Find(program) is not null)
            && Directory.EnumerateFiles(
                "/usr/lib", "libgssapiv2.so", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
                .Any()
            ? null
            : "Kerberos is not installed; ./test.sh installs it (Debian's krb5-kdc, krb5-admin-server, krb5-user, "
                + "libsasl2-modules-gssapi-mit)";

    /// <summary>The environment variables of an LDAP server in the realm: the configuration and the keytab.</summary>
    public Dictionary<string, string> ServerVariables =>
        new() { ["KRB5_CONFIG"] = PathOf("krb5.conf"), ["KRB5_KTNAME"] = $"FILE:{PathOf("ldap.keytab")}" };

    /// <summary>The environment variables of a client in the realm: the configuration and the ticket cache.</summary>
    public Dictionary<string, string> ClientVariables =>
        new() { ["KRB5_CONFIG"] = PathOf("krb5.conf"), ["KRB5CCNAME"] = $"FILE:{PathOf("ticket")}" };

    public static async Task<KerberosRealm> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("porthor-kerberos-").FullName;
        var port = RealServers.FreePort();
        await File.WriteAllTextAsync(
            Path.Combine(folder, "krb5.conf"),
            $$"""
            [libdefaults]
             default_realm = {{Realm}}
             dns_lookup_kdc = false
             dns_canonicalize_hostname = false
            [realms]
             {{Realm}} = {
              kdc = 127.0.0.1:{{port}}
             }
            [domain_realm]
             localhost = {{Realm}}
            """);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "kdc.conf"),
            $$"""
            [kdcdefaults]
             kdc_listen = 127.0.0.1:{{port}}
             kdc_tcp_listen = 127.0.0.1:{{port}}
            [realms]
             {{Realm}} = {
              database_name = {{folder}}/principal
              key_stash_file = {{folder}}/stash
             }
            """);
        await RunAsync(folder, "kdb5_util", "create", "-s", "-r", Realm, "-P", "of-the-tests");
        foreach (var (name, keytab) in ((string, string)[])[("ldap/localhost", "ldap.keytab"), ("porthor", "porthor.keytab")])
        {
            await RunAsync(folder, "kadmin.local", "-q", $"addprinc -randkey {name}");
            await RunAsync(folder, "kadmin.local", "-q", $"ktadd -k {folder}/{keytab} {name}");
        }
        var realm = new KerberosRealm(folder, StartProcess(folder, "krb5kdc", "-n"));
        await RealServers.WaitUntilAsync(
            () => RunAsync(folder, "kinit", "-k", "-t", $"{folder}/porthor.keytab", "-c", $"{folder}/ticket", "porthor"),
            "the Kerberos server");
        return realm;
    }

    /// <summary>Stops the KDC from responding. Its ports stay open.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    public Task ResumeAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private string PathOf(string file) => Path.Combine(folder, file);

    private Task SignalAsync(string name) => RunAsync(folder, "kill", $"-{name}", $"{process.Id}");

    private static async Task RunAsync(string folder, string program, params string[] arguments)
    {
        using var running = StartProcess(folder, program, arguments);
        var output = running.StandardOutput.ReadToEndAsync();
        var errors = await running.StandardError.ReadToEndAsync();
        await running.WaitForExitAsync();
        if (running.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed: {await output} {errors}");
    }

    private static Process StartProcess(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Prerequisites.Find(program)!, arguments)
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KRB5_CONFIG"] = Path.Combine(folder, "krb5.conf");
        start.Environment["KRB5_KDC_PROFILE"] = Path.Combine(folder, "kdc.conf");
        return Process.Start(start)!;
    }
}
