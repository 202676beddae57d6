using System.Diagnostics;
using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>
/// A directory that accepts only Kerberos tickets. The program runs in a separate process, because the library reads the ticket cache from
/// environment variables.
/// </summary>
public sealed class KerberosTests
{
    [Fact]
    public async Task A_ticket_authenticates_and_encrypts_the_connection()
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        Prerequisites.SkipWhen(KerberosRealm.SkipReason);
        await using var realm = await KerberosRealm.StartAsync();
        // The server rejects connections without encryption by TLS or Kerberos.
        await using var ldap = await LdapServerProcess.StartOwnAsync(
            more: "sasl-host localhost\nsasl-realm EXAMPLE.TEST\nsasl-secprops minssf=56\n", variables: realm.ServerVariables);
        var hidden = await LdapTree.CreateAsync(ldap, LdapServerProcess.HiddenDn);
        await hidden.AddUserAsync("someone", "Some One", "someone@example.com", 1, 2);
        await hidden.AddGroupAsync("team", 3, "someone");

        foreach (var (url, ca) in ((string, string?)[])[($"ldap://localhost:{ldap.Port}", null),
            (ldap.TlsUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), ldap.CaFile)])
        {
            (await RunRequestAsync(hidden, url, ca, realm.ClientVariables)).ShouldBe(
                """{"username":"someone","name":"Some One","email":"someone@example.com","uid":1,"gid":2,"groups":["""
                    + """{"name":"team","id":3}]}""");
            var without = realm.ClientVariables.ToDictionary(variable => variable.Key, variable => variable.Value);
            without["KRB5CCNAME"] = "FILE:/no/such/ticket";
            (await RunRequestAsync(hidden, url, ca, without)).ShouldBe(
                """{"detail":[{"msg":"Unable to get user information","type":"user_info_failed"}]}""");
        }
    }

    /// <summary>The library waits for the KDC longer than the time limit of a search.</summary>
    [Fact]
    public async Task A_KDC_that_does_not_respond_does_not_block_a_request()
    {
        Prerequisites.SkipWhen(Prerequisites.LdapSkipReason);
        Prerequisites.SkipWhen(KerberosRealm.SkipReason);
        await using var realm = await KerberosRealm.StartAsync();
        await using var ldap = await LdapServerProcess.StartOwnAsync(
            more: "sasl-host localhost\nsasl-realm EXAMPLE.TEST\n", variables: realm.ServerVariables);
        var tree = await LdapTree.CreateAsync(ldap, LdapServerProcess.HiddenDn);
        await tree.AddUserAsync("someone", "Some One");
        var url = $"ldap://localhost:{ldap.Port}";
        await realm.PauseAsync();
        var waited = TimeSpan.Zero;
        (await RunRequestAsync(tree, url, ldap.CaFile, realm.ClientVariables, time => waited = time)).ShouldBe(
            """{"detail":[{"msg":"Unable to get user information","type":"user_info_failed"}]}""");
        // Two attempts of 5 seconds, and additional time for a slow machine.
        waited.ShouldBeLessThan(TimeSpan.FromSeconds(18));
        await realm.ResumeAsync();
        (await RunRequestAsync(tree, url, ldap.CaFile, realm.ClientVariables)).ShouldBe(
            """{"username":"someone","name":"Some One","groups":[]}""");
    }

    /// <summary>Returns the log of the program after a request about a user.</summary>
    private static async Task<string> RunRequestAsync(
        LdapTree tree, string url, string? ca, Dictionary<string, string> variables, Action<TimeSpan>? took = null)
    {
        await using var program = new PorthorProgram();
        foreach (var (name, value) in variables)
            program.Variables[name] = value;
        program.Configure(
            $"""
            ldap:
              url: "{url}"
              useKerberos: true
              caFile: "{ca}"
              groupBaseDn: "{tree.Groups}"
              userBaseDn: "{tree.People}"
            """);
        var created = await program.RunAsync("init");
        created.ExitCode.ShouldBe(0, created.Errors);
        var token = await program.RunAsync("token", "create", "--username", "someone");
        token.ExitCode.ShouldBe(0, token.Errors);
        var port = RealServers.FreePort();
        var running = program.Start("run", "--port", $"{port}");
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", token.Output.Trim()) } };
        var answer = "";
        await running.WaitUntilAsync(
            async () =>
            {
                try
                {
                    answer = await client.GetStringAsync($"http://127.0.0.1:{port}/");
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the server");
        var begun = Stopwatch.GetTimestamp();
        using var response = await client.GetAsync($"http://127.0.0.1:{port}/auth/api/v1/user-info");
        answer = await response.Content.ReadAsStringAsync();
        took?.Invoke(Stopwatch.GetElapsedTime(begun));
        return answer;
    }
}
