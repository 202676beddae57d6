namespace Porthor.Testing;

public sealed partial class LdapServerProcess
{
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

    /// <summary>Starts a server for one test, which can make it fail.</summary>
    public static Task<LdapServerProcess> StartOwnAsync(
        bool withTls = true, string more = "", IReadOnlyDictionary<string, string>? variables = null) =>
        StartAsync(Directory.CreateTempSubdirectory("porthor-ldap-").FullName, withTls, more, variables);
}
