using Porthor.Secrets;

namespace Porthor.Server.Observation;

/// <summary>Contains the session secrets of the deployment. The first one encrypts, and each of them decrypts.</summary>
internal sealed record SessionKeys(IReadOnlyList<FernetKey> All);
