using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>The clients of older releases of Gafaelfawr: a list in the file, or JSON in the variable (contract/oidc-server.md 1).</summary>
public sealed class OldOidcClientTests
{
    private const string Section = "oidcServer: {enabled: true, issuer: 'https://h', clientSuffix: '', key: 'x'";

    [Theory]
    [InlineData("", "")]
    [InlineData(", clients: []", "")]
    [InlineData(", clients: '[]'", "")]
    [InlineData(", clients: [{id: a, secret: b, return_uri: 'http://h/x'}, {id: c, secret: d, return_uri: 'https://i'}]",
        "a b http://h/x|c d https://i/")]
    [InlineData(", clients: '[{\"id\":\"a\",\"secret\":\"b\",\"return_uri\":\"http://h/x\"}]'", "a b http://h/x")]
    public void A_file_contains_a_list_or_JSON(string clients, string expected) => Read(Section + clients + "}", null).ShouldBe(expected);

    [Fact]
    public void The_variable_takes_precedence() => Read(
        Section + ", clients: [{id: a, secret: b, return_uri: 'http://h/x'}]}",
        """[{"id":"v","secret":"w","return_uri":"https://j/"}]""").ShouldBe("v w https://j/");

    /// <summary>The form in which the reference stores a URL. Redirect URIs are compared as texts.</summary>
    [Theory]
    [InlineData("https://one.example", "https://one.example/")]
    [InlineData("HTTPS://One.Example:443/Some/path?q=%7E", "https://one.example/Some/path?q=%7E")]
    [InlineData("https://one.example:8443?x", "https://one.example:8443/?x")]
    [InlineData("http://one.example:80/", "http://one.example/")]
    [InlineData("https://u:p@[2001:DB8::1]:8443/x", "https://u:p@[2001:db8::1]:8443/x")]
    [InlineData("https://b\u00fccher.example/", "https://xn--bcher-kva.example/")]
    public void A_redirect_URI_is_normalized(string uri, string expected) =>
        Read(Section + "}", $$"""[{"id":"a","secret":"b","return_uri":"{{uri}}"}]""").ShouldBe($"a b {expected}");

    [Theory]
    [InlineData("x", ": must be a JSON list of objects with id, secret and return_uri")]
    [InlineData("{}", ": must be a JSON list of objects with id, secret and return_uri")]
    [InlineData("[1]", ": must be a JSON list of objects with id, secret and return_uri")]
    [InlineData("[{}]", "[0].id: Field required", "[0].secret: Field required", "[0].return_uri: Field required")]
    [InlineData("""[{"id":null,"secret":"","return_uri":1}]""", "[0].id: Field required", "[0].secret: Field required",
        "[0].return_uri: Field required")]
    [InlineData("""[{"id":"a","secret":"b","return_uri":"https://h","returnUri":"x"}]""", "[0].returnUri: Extra inputs are not permitted")]
    [InlineData("""[{"id":"a","secret":"b","return_uri":"nonsense"}]""", "[0].return_uri: must be an http:// or https:// URL with a host")]
    [InlineData("""[{"id":"a","secret":"b","return_uri":"https:///x"}]""",
        "[0].return_uri: must be an http:// or https:// URL with a host")]
    public void Each_error_is_named(string json, params string[] errors) =>
        Errors(Section + "}", SettingsScope.Stores, ("PORTHOR_OIDC_SERVER_CLIENTS", json))
            .Where(error => error.StartsWith("oidcServer.clients", StringComparison.Ordinal))
            .ShouldBe(errors.Select(error => "oidcServer.clients" + error));

    /// <summary>Returns the clients with their secrets.</summary>
    private static string Read(string yaml, string? variable)
    {
        (string, string)[] variables = [("PORTHOR_OIDC_SERVER_KEY", OpenIdConnect.OpenIdServers.Provider.Key.Reveal())];
        if (variable is not null)
            variables = [.. variables, ("PORTHOR_OIDC_SERVER_CLIENTS", variable)];
        var clients = Load(yaml, SettingsScope.Stores, variables).OidcServer!.OldClients;
        return string.Join('|', clients.Select(client => $"{client.Id} {client.Secret.Reveal()} {client.ReturnUri}"));
    }
}
