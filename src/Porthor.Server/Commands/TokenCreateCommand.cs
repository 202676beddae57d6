using System.CommandLine;
using System.Globalization;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Commands;

/// <summary><c>porthor token create</c>: creates a token and prints it.</summary>
internal static class TokenCreateCommand
{
    /// <summary>The name of the option for scopes. An empty value means a token without scopes.</summary>
    public const string ScopesOption = "--scopes";

    public static Command Create()
    {
        var username = new Option<string>("--username", "-u") { Description = "User of the token", HelpName = "NAME", Required = true };
        var scopes = new Option<string>(ScopesOption, "-s")
        {
            Description = "Scopes, separated by commas",
            HelpName = "SCOPES",
            DefaultValueFactory = _ => "",
        };
        var name = new Option<string?>("--name", "-n")
        {
            Description = "Name of the token [default: created on the host, with the time]",
            HelpName = "NAME",
        };
        var lifetime = new Option<TimeSpan?>("--lifetime", "-l")
        {
            Description = "Lifetime, for example 30d or 12h [default: the lifetime in tokenPolicy, or unlimited]",
            HelpName = "TIME",
        }.AsTimeSpan();
        var service = new Option<bool>("--service") { Description = "Create a service token; the name of its user must begin with bot-" };
        var command = new Command("create", "Create a token and print it") { username, scopes, name, lifetime, service };
        command.Validators.Add(result =>
        {
            if (result.GetResult(service) is { Implicit: false } && result.GetResult(name) is { Implicit: false })
                result.AddError("A service token has no name: use --service or --name, not both");
        });
        command.SetWorkOnStores(SettingsScope.Serving, async (core, parsed, cancellationToken) =>
        {
            StandardOutput.Require();
            await StartupValidation.ForCommandAsync(core, cancellationToken);
            var now = core.Clock.GetUtcNow();
            var isService = parsed.GetValue(service);
            var request = new AdminTokenRequest
            {
                Username = parsed.GetValue(username)!,
                TokenType = isService ? TokenType.Service : TokenType.User,
                TokenName = isService ? null : parsed.GetValue(name)
                            ?? string.Create(CultureInfo.InvariantCulture, $"created on the host {now:yyyy-MM-dd HH:mm:ss}"),
                Scopes = ScopeSet.Parse(parsed.GetValue(scopes)!),
                Expires = parsed.GetValue(lifetime) is { } span ? ExpiryOf(now, span) : null,
            };
            await SessionSecretCheck.RecordUseAsync(core, cancellationToken);
            var token = await core.Tokens.CreateTokenFromAdminRequestAsync(request, TokenCommand.Host(core), cancellationToken);
            await PrintAsync(core, token, request.Username);
            await Console.Error.WriteLineAsync($"Created token {token.Key} of {request.Username}");
            return 0;
        });
        return command;
    }

    /// <summary>Prints a token. If that fails, revokes the token, because its secret is lost.</summary>
    private static async Task PrintAsync(PorthorDeployment core, Token token, string username)
    {
        try
        {
            StandardOutput.WriteLine(token.Reveal());
        }
        catch (StandardOutputException failure)
        {
            try
            {
                await core.Tokens.DeleteTokenAsync(token.Key, TokenCommand.Host(core), username, CancellationToken.None);
            }
            catch (PorthorException e)
            {
                throw new CommandFailure(
                    $"Created token {token.Key} of {username}, but cannot print it. {failure.Message} Cannot revoke it: {e.Message}. "
                    + $"Run: porthor token revoke -- {token.Key}");
            }
            throw new CommandFailure(
                $"Created token {token.Key} of {username} and revoked it, because it cannot be printed. {failure.Message}");
        }
    }

    private static DateTimeOffset ExpiryOf(DateTimeOffset now, TimeSpan span) => span < DateTimeOffset.MaxValue - now
        ? now + span
        : throw new CommandFailure("--lifetime is too long: the token would expire after the year 9999.", CommandLineErrors.UsageExitCode);
}
