using Porthor.Identity;

namespace Porthor.Server.Login.Local;

/// <summary>A user that the configuration names, and what is stored with their sessions.</summary>
internal sealed record LocalUser(string Username, UserData Data, PasswordHash Password);
