using Porthor.Users;

namespace Porthor.Tests.Users;

/// <summary>LGN-003, LGN-011: the group name of a GitHub team (contract/login.md 5).</summary>
public sealed class GitHubTeamTests
{
    [Theory]
    [InlineData("org", "a-team", "org-a-team")]
    [InlineData("ORG", "a-team", "org-a-team")]
    [InlineData("org", "A-Team", "org-A-Team")]
    [InlineData("org", "other-team", "org-other-team")]
    [InlineData("other-org", "team-with-very-long-name", "other-org-team-with-very--F279yg")]
    public void The_group_name_consists_of_organization_and_team(string organization, string team, string group) =>
        GitHubTeam.GroupName(organization, team).ShouldBe(group);

    [Fact]
    public void Only_names_longer_than_32_characters_are_shortened()
    {
        GitHubTeam.GroupName("org", new string('a', 28)).ShouldBe("org-" + new string('a', 28));
        var shortened = GitHubTeam.GroupName("org", new string('a', 29));
        shortened.Length.ShouldBe(32);
        shortened.ShouldStartWith("org-" + new string('a', 21) + "-");

        // Long names with the same beginning get different group names.
        GitHubTeam.GroupName("org", new string('a', 30)).ShouldNotBe(shortened);
        GitHubTeam.GroupName("ORG", new string('a', 29)).ShouldBe(shortened);
    }
}
