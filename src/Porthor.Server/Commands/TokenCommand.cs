using System.CommandLine;
using Porthor.Server.Hosting;
using Porthor.Tokens;

namespace Porthor.Server.Commands;

/// <summary>
/// <c>porthor token create|list|show|revoke</c>: for administrators of the host. The commands need no token. The history shows
/// <c>&lt;internal&gt;</c> as the actor of these changes.
/// </summary>
internal static class TokenCommand
{
    public static Command Create() => new("token", "Create, list, show and revoke tokens on this host, without a token")
    {
        TokenCreateCommand.Create(),
        TokenListCommands.CreateList(),
        TokenListCommands.CreateShow(),
        TokenRevokeCommand.Create(),
    };

    /// <summary>Returns the actor of the commands.</summary>
    public static Caller Host(PorthorDeployment core) => new(TokenRecord.Internal(core.Clock.GetUtcNow()), IpAddress: null);
}
