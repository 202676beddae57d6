using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Values;

namespace Porthor.Server.Login.GitHub;

/// <summary>Calls the API of GitHub (contract/login.md 5), and throws a login failure if a response is invalid.</summary>
internal sealed class GitHubApi(GitHubSettings settings, GitHubAddresses addresses, ProviderClient client)
{
    /// <summary>The maximum number of pages of teams. Without it, links that form a loop would never end.</summary>
    private const int MostPages = 100;

    /// <summary>Exchanges a code for an access token.</summary>
    public async Task<Secret> RedeemAsync(string code, string state, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Post, addresses.AccessToken);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = settings.ClientId,
            ["client_secret"] = settings.ClientSecret.Reveal(),
            ["code"] = code,
            ["state"] = state,
        });
        var reply = await SendAsync(request, [settings.ClientSecret, new(code)], cancellationToken);
        if (reply.TryReadJson() is not { } json)
            throw client.Wrong($"Response from {addresses.AccessToken} not valid JSON").ToException();
        if (json.TextMember("error") is { } error)
            throw client.Wrong(json.TextMember("error_description") is { } why ? $"{error}: {why}" : error).ToException();
        return json.TextMember("access_token") is { Length: > 0 } token
            ? new Secret(token)
            : throw client.Wrong($"No access_token in reply from {addresses.AccessToken}").ToException();
    }

    public async Task<GitHubUser> GetUserAsync(Secret token, CancellationToken cancellationToken)
    {
        string? username = null;
        try
        {
            var user = await GetAsync(addresses.User, token, cancellationToken);
            username = Text(user.Json, "login").ToLowerInvariant();
            var (id, name) = (Number(user.Json, "id"), user.Json.TextMember("name"));
            var email = PrimaryOf((await GetAsync(addresses.Emails, token, cancellationToken)).Json);
            return new GitHubUser(Text(user.Json, "login"), id, name, email, await GetTeamsAsync(token, cancellationToken));
        }
        catch (FormatException e)
        {
            throw client.Wrong($"GitHub user data is invalid: {e.GetType().Name}: {e.Message}", username).ToException();
        }
    }

    /// <summary>Revokes the authorization of the user. Returns null on success, otherwise the reason of the failure.</summary>
    public async Task<string?> RevokeAsync(Secret token, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Delete, addresses.Grant(settings.ClientId));
        var credentials = Encoding.UTF8.GetBytes($"{settings.ClientId}:{settings.ClientSecret.Reveal()}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
        request.Content = JsonContent.Create(new Dictionary<string, string> { ["access_token"] = token.Reveal() });
        try
        {
            await SendAsync(request, [token, settings.ClientSecret], cancellationToken);
            return null;
        }
        catch (LoginFailedException e)
        {
            return e.Failure.LoggedDetails;
        }
    }

    private static GitHubTeamEntry ReadTeam(JsonElement team)
    {
        var organization = team.Member("organization") ?? throw new FormatException("organization is missing");
        return new GitHubTeamEntry(Text(organization, "login"), Text(team, "slug"), Number(team, "id"));
    }

    private async Task<List<GitHubTeamEntry>> GetTeamsAsync(Secret token, CancellationToken cancellationToken)
    {
        List<GitHubTeamEntry> teams = [];
        var url = addresses.Teams;
        for (var page = 0; page < MostPages; page++)
        {
            var (json, next) = await GetAsync(url, token, cancellationToken);
            teams.AddRange(List(json).Select(ReadTeam));
            if (next is null)
                return teams;
            // The token of the user is sent only to GitHub.
            if (!next.StartsWith(addresses.Teams, StringComparison.Ordinal))
                throw new FormatException($"Invalid next URL for team data from GitHub: {next}");
            url = next;
        }
        throw new FormatException($"more than {MostPages} pages of teams");
    }

    private async Task<(JsonElement Json, string? Next)> GetAsync(string url, Secret token, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Authorization", $"token {token.Reveal()}");
        var reply = await SendAsync(request, [token], cancellationToken);
        return (reply.TryReadJson() ?? throw new FormatException($"{reply.Request} did not return JSON"), PageLink.NextOf(reply.Link));
    }

    private async Task<ProviderReply> SendAsync(HttpRequestMessage request, IReadOnlyList<Secret> sent, CancellationToken cancellationToken)
    {
        var reply = await client.SendAsync(request, sent, cancellationToken);
        return reply.IsSuccess ? reply : throw client.BadStatus(reply).ToException();
    }

    private static HttpRequestMessage Request(HttpMethod method, string url) => new(method, url)
    {
        Headers =
        {
            Accept = { new("application/vnd.github+json") },
            UserAgent = { new ProductInfoHeaderValue("porthor", Platform.PorthorVersion.Text) },
        },
    };

    private static string PrimaryOf(JsonElement emails)
    {
        var primary = List(emails).FirstOrDefault(email => email.Member("primary") is { ValueKind: JsonValueKind.True });
        return primary.ValueKind == JsonValueKind.Object
            ? Text(primary, "email")
            : throw new FormatException("there is no primary email address");
    }

    private static JsonElement.ArrayEnumerator List(JsonElement json) =>
        json.ValueKind == JsonValueKind.Array ? json.EnumerateArray() : throw new FormatException("a list was expected");

    private static string Text(JsonElement json, string name) =>
        json.TextMember(name) is { Length: > 0 } text ? text : throw new FormatException($"{name} is missing or not a text");

    private static long Number(JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) && number > 0
            ? number
            : throw new FormatException($"{name} is missing or not a positive number");
}
