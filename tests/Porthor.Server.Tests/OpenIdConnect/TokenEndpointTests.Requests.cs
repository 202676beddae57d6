using Porthor.Server.Tests.Api;
using Porthor.Testing;
using static Porthor.Server.Tests.OpenIdConnect.OpenIdSteps;

namespace Porthor.Server.Tests.OpenIdConnect;

public sealed partial class TokenEndpointTests
{
    /// <summary>A client chooses these values. Neither the response nor the log grows with them.</summary>
    [Theory]
    [InlineData("grant_type", "%253A%252F%252F", 4300, "unsupported_grant_type")]
    [InlineData("client_id", "x", 60000, "invalid_client")]
    [InlineData("client_id", "%F0%9F%98%80", 5000, "invalid_client")]
    public async Task Long_values_are_cut(string field, string piece, int count, string error)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var lines = server.Host.Logs.Raw.Count;
        var values = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = "x",
            ["client_secret"] = "s",
            ["code"] = WellFormed,
            ["redirect_uri"] = "z",
            [field] = string.Concat(Enumerable.Repeat(piece, count)) + "gt-",
        };
        var answer = await server.SendAsync(
            HttpMethod.Post, TokenPath, Form(string.Join('&', values.Select(pair => $"{pair.Key}={pair.Value}"))));
        answer.StatusCode.ShouldBe(400);
        answer.Json.GetProperty("error").GetString().ShouldBe(error);
        var description = answer.Json.GetProperty("error_description").GetString()!;
        description.Length.ShouldBeInRange(900, 1003);
        description.ShouldNotContain('\uFFFD');
        server.Host.Logs.Raw.Skip(lines).ShouldAllBe(line => line.Length < 30_000);
        server.Host.Logs.Lines.Last(line => line.TryGetProperty("error", out _)).GetProperty("error").GetString()!.Length
            .ShouldBeLessThan(2100);
    }

    /// <summary>Basic credentials replace those of the form, are not decoded, and an invalid header is not an error of OAuth.</summary>
    [Fact]
    public async Task Basic_takes_precedence_over_the_form()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        var form = FormOf(client, code);
        (await server.RedeemAsync(form, TestServer.Basic("other", client.Secret)))
            .ShouldBeOAuthError("invalid_client", "Unknown client ID other");
        (await server.RedeemAsync(form, TestServer.Basic(client.Id, "wrong:secret")))
            .ShouldBeOAuthError("invalid_client", $"Invalid secret for {client.Id}");
        (await server.RedeemAsync(form, TestServer.Basic(client.Id, ""))).ShouldBeOAuthError("invalid_client", "No client_secret provided");
        (await server.RedeemAsync(form, TestServer.Basic("", client.Secret)))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.RedeemAsync(form, TestServer.Basic(Uri.EscapeDataString(client.Id + "/"), client.Secret)))
            .ShouldBeOAuthError("invalid_client", $"Unknown client ID {client.Id}%2F");
        foreach (var header in (string[])["Basic", "Basic !!!", "basic bm9jb2xvbg==", "Basic w6k6w6k="])
        {
            var answer = await server.RedeemAsync(form, ("Authorization", header));
            answer.ShouldBe(401, """{"detail":"Not authenticated"}""");
            answer.Header("WWW-Authenticate").ShouldBe("Basic");
        }
        // Another scheme is not looked at.
        (await server.RedeemAsync(form, ("Authorization", "Bearer something-else-entirely"))).StatusCode.ShouldBe(200);
    }

    /// <summary>A body of another type has no fields, and the last of several equal fields counts.</summary>
    [Fact]
    public async Task Only_a_form_is_read()
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var code = await server.CodeAsync(await server.AnnAsync(), client);
        var form = FormOf(client, code);
        (await server.SendAsync(HttpMethod.Post, TokenPath, form.ToDictionary(pair => pair.Name, pair => pair.Value)))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.SendAsync(HttpMethod.Post, TokenPath)).ShouldBeOAuthError("invalid_request", "Invalid token request");
        // The query is not read: codes and secrets do not belong into URLs.
        var query = string.Join('&', form.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
        (await server.SendAsync(HttpMethod.Post, $"{TokenPath}?{query}", Form("")))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.SendAsync(HttpMethod.Get, $"{TokenPath}?{query}")).StatusCode.ShouldBe(405);
        (await server.SendAsync(HttpMethod.Post, TokenPath, Form(string.Join('&', Enumerable.Range(0, 2000).Select(i => $"f{i}=1")))))
            .ShouldBeOAuthError("invalid_request", "Invalid token request");
        (await server.RedeemAsync([("code", "gc-first"), ("client_secret", "first"), .. form])).StatusCode.ShouldBe(200);
        string.Concat(server.Host.Logs.Raw).ShouldNotContain(code[26..]);
    }

    /// <summary>Parameters of the content type do not matter.</summary>
    [Theory]
    [InlineData("application/x-www-form-urlencoded;", 200)]
    [InlineData(" Application/X-WWW-form-urlencoded ; charset=latin1; =", 200)]
    [InlineData("application/x-www-form-urlencoded2", 400)]
    [InlineData("text/plain;application/x-www-form-urlencoded", 400)]
    [InlineData(";", 400)]
    public async Task The_content_type_is_read_as_the_reference_reads_it(string type, int status)
    {
        var server = await servers.GetAsync(Mode.Embedded);
        var client = await server.RegisterAsync();
        var form = FormOf(client, await server.CodeAsync(await server.AnnAsync(), client));
        using var content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(
            string.Join('&', form.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"))));
        content.Headers.TryAddWithoutValidation("Content-Type", type).ShouldBeTrue();
        (await server.SendAsync(HttpMethod.Post, TokenPath, content)).StatusCode.ShouldBe(status);
    }

    private static StringContent Form(string text) => new(text, System.Text.Encoding.ASCII, "application/x-www-form-urlencoded");
}
