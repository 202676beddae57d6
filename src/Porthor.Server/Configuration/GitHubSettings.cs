using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>Represents the section <c>github</c>.</summary>
internal sealed record GitHubSettings(string ClientId, Secret ClientSecret)
{
    public static GitHubSettings Read(SettingsSection section)
    {
        var settings = new GitHubSettings(section.RequiredText("clientId"), section.RequiredSecret("clientSecret", "GITHUB_CLIENT_SECRET"));
        section.Finish();
        return settings;
    }
}
