namespace Porthor.Delegation;

/// <summary>
/// Represents the right to create one token, such as an authorization code. The transaction that creates the token uses it up, so that any
/// number of nodes together create at most one token, and a creation that fails does not use it.
/// </summary>
/// <param name="Name">The name of the right, in the form of <see cref="Storage.IOneTimeStore"/>.</param>
/// <param name="Lifetime">The time for which its usage is recorded: at least the remaining lifetime of the right.</param>
public sealed record CreationRight(string Name, TimeSpan Lifetime);
