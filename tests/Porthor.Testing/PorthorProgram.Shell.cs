namespace Porthor.Testing;

internal sealed partial class PorthorProgram
{
    /// <summary>Makes <c>porthor</c> and PostgreSQL's programs available to shell scripts.</summary>
    public async Task PrepareShellAsync()
    {
        AddCommand("porthor", $"dotnet '{ProgramFile}'");
        Variables["PATH"] = string.Join(':', Commands, Prerequisites.PostgresBin, Environment.GetEnvironmentVariable("PATH"));
        if (Variables.ContainsKey("PORTHOR_DATABASE_URL"))
        {
            Variables["PGHOST"] = "127.0.0.1";
            Variables["PGPORT"] = $"{(await RealServers.Instance.PostgresAsync()).Port}";
            Variables["PGUSER"] = PostgresServer.User;
        }
    }

    /// <summary>Defines a command for shell scripts. The script's arguments are appended.</summary>
    public void AddCommand(string name, string command)
    {
        Directory.CreateDirectory(Commands);
        var path = Path.Combine(Commands, name);
        File.WriteAllText(path, $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    /// <summary>Runs a shell script until it exits.</summary>
    public Task<Outcome> RunShellAsync(string script) => Start("bash", ["-euc", script], input: "").EndAsync();
}
