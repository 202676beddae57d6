using System.CommandLine;
using System.Security.Cryptography;
using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Server.Commands;

/// <summary><c>porthor generate-...</c>: prints a new random secret. The secret is not stored.</summary>
internal static class GenerateCommands
{
    private const int KeyBits = 2048;

    /// <summary>Creates the command that prints an RSA key for the signatures of the OpenID Connect server.</summary>
    public static Command CreateKey() => CreateCommand(
        "generate-key",
        "Print a new RSA private key (PKCS#8, PEM) for oidcServer.key",
        () =>
        {
            using var key = RSA.Create(KeyBits);
            return key.ExportPkcs8PrivateKeyPem();
        });

    public static Command CreateSessionSecret() => CreateCommand(
        "generate-session-secret", "Print a new key for sessionSecret", () => FernetKey.Create().Reveal());

    public static Command CreateToken() => CreateCommand(
        "generate-token", "Print a new random token for bootstrapToken, without storing it", () => Token.Create().Reveal());

    private static Command CreateCommand(string name, string description, Func<string> create)
    {
        var command = new Command(name, description);
        command.SetWork(_ =>
        {
            StandardOutput.WriteLine(create());
            return 0;
        });
        return command;
    }
}
