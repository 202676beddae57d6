using Porthor.Secrets;

namespace Porthor.Server.Observation;

/// <summary>Contains the session secrets of the deployment. The first secret encrypts and decrypts; the others only decrypt.</summary>
internal sealed record SessionKeys(IReadOnlyList<FernetKey> All);
