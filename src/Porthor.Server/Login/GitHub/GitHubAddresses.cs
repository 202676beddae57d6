namespace Porthor.Server.Login.GitHub;

/// <summary>Contains the URLs of GitHub. Settings cannot change them; tests replace them.</summary>
internal sealed record GitHubAddresses(string Web, string Api)
{
    public static readonly GitHubAddresses Public = new("https://github.com", "https://api.github.com");

    public string Authorize => $"{Web}/login/oauth/authorize";

    public string AccessToken => $"{Web}/login/oauth/access_token";

    public string User => $"{Api}/user";

    public string Emails => $"{Api}/user/emails";

    public string Teams => $"{Api}/user/teams";

    public string Grant(string clientId) => $"{Api}/applications/{Uri.EscapeDataString(clientId)}/grant";
}
