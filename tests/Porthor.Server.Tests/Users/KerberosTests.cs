using Porthor.Testing;

namespace Porthor.Server.Tests.Users;

/// <summary>
/// A directory that only takes Kerberos tickets, asked by the program itself: the library finds its ticket in the environment of
/// a process.
/// </summary>
public sealed class KerberosTests
{
    [Fact]
    public async Task A_ticket_is_as_good_as_a_password_and_encrypts_the_connection()
    {
        Prerequisites.SkipWhen(Prerequisites.WhyNotLdap);
        Prerequisites.SkipWhen(KerberosRealm.WhyNot);
        await using var realm = await KerberosRealm.StartAsync();
        // It does not take a connection that is neither TLS nor encrypted by the ticket.
        await using var ldap = await LdapServerProcess.StartOwnAsync(
            more: "sasl-host localhost\nsasl-realm EXAMPLE.TEST\nsasl-secprops minssf=56\n", variables: realm.ServerVariables);
        var hidden = await LdapTree.PlantAsync(ldap, LdapServerProcess.HiddenDn);
        await hidden.AddUserAsync("someone", "Some One", "someone@example.com", 1, 2);
        await hidden.AddGroupAsync("team", 3, "someone");

        foreach (var (url, ca) in ((string, string?)[])[($"ldap://localhost:{ldap.Port}", null), (ldap.TlsUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), ldap.CaFile)])
        {
            (await AskAsync(hidden, url, ca, realm.ClientVariables)).ShouldBe(
                """{"username":"someone","name":"Some One","email":"someone@example.com","uid":1,"gid":2,"groups":[{"name":"team","id":3}]}""");
            var without = realm.ClientVariables.ToDictionary(variable => variable.Key, variable => variable.Value);
            without["KRB5CCNAME"] = "FILE:/no/such/ticket";
            (await AskAsync(hidden, url, ca, without)).ShouldBe("""{"detail":[{"msg":"Unable to get user information","type":"user_info_failed"}]}""");
        }
    }

    /// <summary>What the program says about the user.</summary>
    private static async Task<string> AskAsync(LdapTree tree, string url, string? ca, Dictionary<string, string> variables)
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
        var token = await program.RunAsync("token", "create", "--username", "someone");
        token.ExitCode.ShouldBe(0, token.Errors);
        var port = RealServers.FreePort();
        var running = program.Start("run", "--port", $"{port}");
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", token.Output.Trim()) } };
        var answer = "";
        await running.UntilAsync(
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
        using var response = await client.GetAsync($"http://127.0.0.1:{port}/auth/api/v1/user-info");
        answer = await response.Content.ReadAsStringAsync();
        return answer;
    }
}
