using Porthor.Identity;

namespace Porthor.Server.Accounts;

/// <summary>Represents a local user and the data that is stored with their sessions.</summary>
internal sealed record LocalUser(string Username, UserData Data, PasswordHash Password);
