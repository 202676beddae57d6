using Porthor.Identity;
using Porthor.Users;
using Porthor.Values;

namespace Porthor.Server.Login.GitHub;

/// <summary>Represents a user of GitHub and the teams of the user.</summary>
/// <param name="Login">The login name, in upper or lower case.</param>
/// <param name="Id">The numeric id of the account.</param>
/// <param name="Name">The full name; null if the user did not set it.</param>
internal sealed record GitHubUser(string Login, long Id, string? Name, string Email, IReadOnlyList<GitHubTeamEntry> Teams)
{
    public string Username => Login.ToLowerInvariant();

    /// <summary>Returns the data that is stored with the session. Porthor calls GitHub only at login (contract/login.md 5).</summary>
    public UserData ToUserData() => new()
    {
        Name = string.IsNullOrEmpty(Name) ? null : Name,
        Email = Email,
        Uid = Id,
        Gid = Id,
        Groups = [.. Teams.Select(team => team.ToGroup()).Where(group => UserRules.IsGroupName(group.Name))
            .Append(new Group(Username, Id)).OrderBy(group => group.Name, CodePointOrder.Instance)],
    };

    /// <summary>Gets the teams whose names are not valid group names.</summary>
    public IReadOnlyList<string> UnusableTeams =>
        [.. Teams.Select(team => team.ToGroup().Name).Where(name => !UserRules.IsGroupName(name)).Distinct()];
}

/// <summary>Represents a team of GitHub.</summary>
/// <param name="Organization">The login name of the organization.</param>
/// <param name="Slug">The name of the team in URLs.</param>
/// <param name="Id">The numeric id of the team.</param>
internal sealed record GitHubTeamEntry(string Organization, string Slug, long Id)
{
    public Group ToGroup() => new(GitHubTeam.GroupName(Organization, Slug), Id);
}
