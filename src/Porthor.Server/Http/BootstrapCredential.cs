using Porthor.Tokens;

namespace Porthor.Server.Http;

/// <summary>Contains the bootstrap token of the deployment.</summary>
/// <param name="Token">The bootstrap token; null if the deployment has none.</param>
internal sealed record BootstrapCredential(Token? Token);
