using System.Text.Json.Nodes;

namespace Porthor.Testing;

/// <summary>
/// Simulates GitHub's OAuth and API endpoints, as recorded: exchanges a code for a token, and returns a user with an address and teams.
/// </summary>
internal sealed class FakeGitHub(ExternalServer server)
{
    public const string ClientId = "some-github-client";
    public const string ClientSecret = "some-github-secret-7a2f";
    public const string AccessToken = "gho_the-access-token-of-the-user";

    public ExternalServer Server => server;

    public JsonObject User { get; } = new() { ["login"] = "githubuser", ["id"] = 123456, ["name"] = "GitHub User" };

    public JsonArray Emails { get; } = new(
        new JsonObject { ["email"] = "otheremail@example.com", ["primary"] = false },
        new JsonObject { ["email"] = "githubuser@example.com", ["primary"] = true });

    public JsonArray Teams { get; } = new(
        Team("a-team", "org", 1000), Team("other-team", "org", 1001), Team("team-with-very-long-name", "other-org", 1002));

    /// <summary>The number of teams on a page.</summary>
    public int PageSize { get; set; } = 30;

    public IReadOnlyList<ExternalRequest> Revocations => server.RequestsTo("DELETE", $"/api/applications/{ClientId}/grant");

    public static JsonObject Team(string slug, string organization, long id) =>
        new() { ["slug"] = slug, ["id"] = id, ["organization"] = new JsonObject { ["login"] = organization } };

    /// <summary>Configures the replies of a successful login.</summary>
    public void ConfigureReplies()
    {
        server.On("POST", "/login/oauth/access_token", request => request.Form is var form
            && form["client_id"] == ClientId && form["client_secret"] == ClientSecret && form["code"].Length > 0 && form["state"].Length > 0
                ? ExternalReply.Ok(new { access_token = AccessToken, scope = "read:org,read:user,user:email", token_type = "bearer" })
                : ExternalReply.Ok(new { error = "incorrect_client_credentials", error_description = "No." }));
        server.On("GET", "/api/user", request => Authorized(request, () => new ExternalReply(200, User.ToJsonString())));
        server.On("GET", "/api/user/emails", request => Authorized(request, () => new ExternalReply(200, Emails.ToJsonString())));
        server.On("GET", "/api/user/teams", request => Authorized(request, () => Page(request)));
        server.On("DELETE", $"/api/applications/{ClientId}/grant", new ExternalReply(204, ""));
    }

    private ExternalReply Page(ExternalRequest request)
    {
        var page = request.Query.StartsWith("?page=", StringComparison.Ordinal) ? int.Parse(request.Query["?page=".Length..]) : 1;
        var teams = Teams.Skip((page - 1) * PageSize).Take(PageSize).Select(team => team!.DeepClone()).ToArray();
        var reply = new ExternalReply(200, new JsonArray(teams).ToJsonString());
        var url = $"{server.Url}/api/user/teams?page=";
        return page * PageSize >= Teams.Count
            ? reply with { Headers = page == 1 ? [] : [("Link", $"<{url}1>; rel=\"first\", <{url}{page - 1}>; rel=\"prev\"")] }
            : reply with { Headers = [("Link", $"<{url}{page + 1}>; rel=\"next\", <{url}99>; rel=\"last\"")] };
    }

    private static ExternalReply Authorized(ExternalRequest request, Func<ExternalReply> reply) =>
        request.Headers.GetValueOrDefault("Authorization") == $"token {AccessToken}"
            && request.Headers.GetValueOrDefault("Accept") == "application/vnd.github+json"
            ? reply()
            : ExternalReply.Of(401, new { message = "Bad credentials" });
}
