using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>All errors of a configuration are reported at once, with the setting and the allowed values. CFG-002 to CFG-006.</summary>
public sealed partial class SettingsErrorTests
{
    private const string FernetKeyWanted = "must be a Fernet key, 32 bytes in URL-safe base64, as 'porthor generate-session-secret' prints";

    [Fact]
    public void Every_error_is_reported_at_once()
    {
        const string yaml = """
            databaseUrl: "mysql://db.example.com/porthor"
            redisPersistentUrl: "http://redis.example.com/0"
            redisEphemeralUrl: "redis://redis.example.com/first"
            afterLogoutUrl: "example.com"
            bootstrapToken: "bad-token"
            sessionSecret: "too-short"
            logLevel: "INVALID"
            tokenLifetime: "8m"
            allowSubdomains: "perhaps"
            databaseConnections: "many"
            proxies: ["10.0.0.1/8", "nonsense"]
            knownScopes: {"foo bar": "", "admin:token": "", "admin:userinfo": ""}
            groupMapping: {"exec:admin": ["admin"], "admin:token": "admin"}
            tokenPolicy: {maxUserLifetime: "5m", defaultUserLifetime: "1d", maxServiceLifetime: "soon"}
            oidcServer: {enabled: true, issuer: "http://example.com", key: "no key"}
            unknownSetting: 1
            """;
        Errors(yaml).ShouldBe(
            [
                "databaseUrl: must be postgresql://USER@HOST[:PORT]/DATABASE",
                "redisPersistentUrl: must be redis://HOST[:PORT]/DATABASE, where DATABASE is a number",
                "redisEphemeralUrl: must be redis://HOST[:PORT]/DATABASE, where DATABASE is a number",
                "baseUrl: Field required (or set PORTHOR_BASE_URL)",
                "afterLogoutUrl: 'example.com': must be an http:// or https:// URL with a host",
                "allowSubdomains: 'perhaps': Input should be a valid boolean: true or false",
                "databaseConnections: 'many': Input should be a valid integer",
                "bootstrapToken: Token does not start with gt-",
                $"sessionSecret: {FernetKeyWanted}",
                "logLevel: 'INVALID': must be DEBUG, INFO, WARNING, ERROR or CRITICAL",
                "proxies: '10.0.0.1/8': 10.0.0.1/8 has host bits set",
                "proxies: 'nonsense': 'nonsense' does not appear to be an IPv4 or IPv6 address",
                "tokenLifetime: '8m': must be longer than 600 seconds",
                "knownScopes: invalid scope foo bar",
                "knownScopes: required scope user:token missing",
                "tokenPolicy.maxUserLifetime: '5m': must be longer than 300 seconds",
                "tokenPolicy.maxServiceLifetime: 'soon': Could not parse 'soon' as a time duration; write seconds, or for example 30d "
                    + "or 1h 30m",
                "tokenPolicy.defaultUserLifetime: '1d': must not be longer than maxUserLifetime",
                "No authentication provider configured",
                "oidcServer.issuer: 'http://example.com': must be an https:// URL",
                "oidcServer.clientSuffix: Field required (or set PORTHOR_OIDC_SERVER_CLIENT_SUFFIX); it may be empty",
                "oidcServer.key: Key is not an RSA private key",
                "groupMapping.admin:token: 'admin': Input should be a valid list",
                "groupMapping.exec:admin: Scope exec:admin assigned but not in knownScopes",
                "unknownSetting: Extra inputs are not permitted",
            ],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("baseUrl: [1]", "baseUrl: Input should be a valid string")]
    [InlineData("baseUrl: 'ftp://example.com'", "baseUrl: 'ftp://example.com': must be an http:// or https:// URL with a host")]
    [InlineData("logLevel: {}", "logLevel: Input should be a valid string")]
    [InlineData("proxies: '10.0.0.0/8'", "proxies: '10.0.0.0/8': Input should be a valid list")]
    [InlineData("proxies: [[]]", "proxies: Input should be a valid string")]
    [InlineData("proxies: ['::ffff:10.0.0.1/104']", "proxies: '::ffff:10.0.0.1/104': ::ffff:10.0.0.1/104 has host bits set")]
    [InlineData("allowedOrigins: 'https://a.example'", "allowedOrigins: 'https://a.example': Input should be a valid list")]
    [InlineData("allowedOrigins: ['https://a.example/x']",
        "allowedOrigins: 'https://a.example/x': must be an origin, such as https://app.example.com or https://app.example.com:8443")]
    [InlineData("allowedOrigins: ['*']",
        "allowedOrigins: '*': must be an origin, such as https://app.example.com or https://app.example.com:8443")]
    [InlineData("allowedOrigins: ['a.example']",
        "allowedOrigins: 'a.example': must be an origin, such as https://app.example.com or https://app.example.com:8443")]
    [InlineData("allowedOrigins: ['https://user@a.example']",
        "allowedOrigins: 'https://user@a.example': must be an origin, such as https://app.example.com or https://app.example.com:8443")]
    [InlineData("adminUsers: [Ann]", "adminUsers: 'Ann': must be a username")]
    [InlineData("adminUsers: ann", "adminUsers: 'ann': Input should be a valid list")]
    [InlineData("initialAdmins: ann", "initialAdmins: 'ann': Input should be a valid list")]
    [InlineData("strictRules: perhaps", "strictRules: 'perhaps': Input should be a valid boolean: true or false")]
    [InlineData("knownScopes: ['admin:token']", "knownScopes: Input should be a valid dictionary")]
    [InlineData("knownScopes: {'admin:token': []}", "knownScopes.admin:token: Input should be a valid string")]
    [InlineData("groupMapping: {'user:token': 'admin'}", "groupMapping.user:token: 'admin': Input should be a valid list")]
    [InlineData("groupMapping: {'user:token': [[]]}", "groupMapping.user:token: Input should be a valid string")]
    [InlineData("groupMapping: {'user:token': [{github: {organization: 'org'}}]}", "groupMapping.user:token.github.team: Field required")]
    [InlineData("groupMapping: {'user:token': [{github: {organization: 'org', team: 't', more: 1}}]}",
        "groupMapping.user:token.github.more: Extra inputs are not permitted")]
    [InlineData("groupMapping: {'bogus:scope': ['admin']}", "groupMapping.bogus:scope: Scope bogus:scope assigned but not in knownScopes")]
    [InlineData("tokenLifetime: 599", "tokenLifetime: '599': must be longer than 600 seconds")]
    [InlineData("tokenLifetime: ''", "tokenLifetime: '': must be longer than 600 seconds")]
    [InlineData("tokenPolicy: true", "tokenPolicy: must be a section of settings")]
    [InlineData("tokenPolicy: {maxUserLifetime: 300}", "tokenPolicy.maxUserLifetime: '300': must be longer than 300 seconds")]
    [InlineData("tokenPolicy: {maxUserLifetimes: 1d}",
        "tokenPolicy.maxUserLifetimes: Extra inputs are not permitted. Did you mean maxUserLifetime?")]
    [InlineData("bootstrapToken: 'gt-KEY.SECRET'", "bootstrapToken: Token is malformed")]
    [InlineData("quota: {default: {api: {test: 'many'}}}", "quota.default.api.test: 'many': Input should be a valid integer")]
    [InlineData("quota: {default: {api: {test: 1}, disks: {}}}", "quota.default.disks: Extra inputs are not permitted. Did you mean disk?")]
    [InlineData("quota: {default: {notebook: {cpu: 8}}}", "quota.default.notebook.memory: Field required")]
    [InlineData("quota: {default: {notebook: {cpu: .inf, memory: 4}}}",
        "quota.default.notebook.cpu: '.inf': Input should be a valid number")]
    [InlineData("quota: {default: {tap: {qserv: {}}}}", "quota.default.tap.qserv.concurrent: Field required")]
    [InlineData("quota: {default: {tap: {qserv: 5}}}", "quota.default.tap.qserv: must be a section of settings")]
    [InlineData("quota: {default: {api: {test: 1}}, groups: {foo: []}}", "quota.groups.foo: must be a section of settings")]
    [InlineData("quota: {default: {api: {test: 1}}, bypass: 'admin'}", "quota.bypass: 'admin': Input should be a valid list")]
    [InlineData("groupMaping: {}", "groupMaping: Extra inputs are not permitted. Did you mean groupMapping?")]
    [InlineData("base_uri: 'https://example.com'", "base_uri: Extra inputs are not permitted. Did you mean baseUrl?")]
    [InlineData("github: {clientID: a}", "github.clientID: Extra inputs are not permitted. Did you mean clientId?")]
    [InlineData("oidc: {client-id: a, issuer: 'https://login.example.com'}",
        "oidc.client-id: Extra inputs are not permitted. Did you mean clientId?")]
    [InlineData("ldap: {uri: 'ldap://ldap.example.com'}", "ldap.uri: Extra inputs are not permitted. Did you mean url?")]
    [InlineData("oidcServer: {enable: true}", "oidcServer.enable: Extra inputs are not permitted. Did you mean enabled?")]
    [InlineData("oidcServer: {enabled: true, clients: [{id: a, secret: b, return_uri: 'https://a', note: c}]}",
        "oidcServer.clients[0].note: Extra inputs are not permitted")]
    [InlineData("oidcServer: {enabled: true, clients: [{id: a, secret: null, return_uri: 'https://a'}]}",
        "oidcServer.clients[0].secret: Field required")]
    [InlineData("oidcServer: {enabled: true, clients: [{id: a, secret: b, return_uri: 'ftp://a'}]}",
        "oidcServer.clients[0].returnUri: 'ftp://a': must be an http:// or https:// URL with a host")]
    [InlineData("oidcServer: {enabled: true, clients: [a]}", "oidcServer.clients[0]: must be a section of settings")]
    [InlineData("oidcServer: {enabled: true, clients: {}}", "oidcServer.clients: Input should be a valid string")]
    [InlineData("sentry: {}\nSentry: {}", "Sentry: Extra inputs are not permitted")]
    [InlineData("baseUrl: 'https://example.com'\nbase_url: 'https://example.com'", "base_url: given twice")]
    public void Each_error_names_its_setting(string yaml, string error) => Errors(yaml).ShouldContain(error);

    [Theory]
    [InlineData("- one", "the file must contain settings, as 'key: value'")]
    [InlineData("just text", "the file must contain settings, as 'key: value'")]
    [InlineData("a: 1\n---\nb: 2", "the file must contain settings, as 'key: value'")]
    public void A_file_without_settings_is_an_error(string yaml, string error) => Errors(yaml).ShouldBe([error]);

    [Theory]
    [InlineData("baseUrl: 'open", "line 1, column ")]
    [InlineData("allowSubdomains: true\n  baseUrl: x", "line 2, column ")]
    public void Invalid_YAML_is_reported_with_its_position(string yaml, string place) =>
        Errors(yaml).ShouldHaveSingleItem().ShouldStartWith(place);

    [Fact]
    public void A_missing_file_is_named() =>
        Should.Throw<SettingsException>(
            () => SettingsLoader.Load("/nowhere/porthor.yaml", dataDirectory: null, SettingsScope.Serving, Variables()))
            .Message.ShouldStartWith("The configuration /nowhere/porthor.yaml cannot be used:\n  it cannot be read: ");

    [Fact]
    public void An_error_is_reported_once() => Errors(Cluster.Replace("\"https://example.com\"", "{}"))
        .ShouldBe(["baseUrl: Input should be a valid string", "baseUrl: Field required (or set PORTHOR_BASE_URL)"]);

    /// <summary>An invalid database URL still selects database mode: other missing settings of this mode are reported too.</summary>
    [Fact]
    public void An_invalid_store_URL_does_not_hide_other_errors() => Errors("databaseUrl: 'mysql://db.example.com'").ShouldBe([
        "databaseUrl: must be postgresql://USER@HOST[:PORT]/DATABASE",
        "baseUrl: Field required (or set PORTHOR_BASE_URL)",
        "sessionSecret: Field required (or set PORTHOR_SESSION_SECRET)",
        "knownScopes: required scope admin:token missing",
        "knownScopes: required scope admin:userinfo missing",
        "knownScopes: required scope user:token missing",
        "No authentication provider configured"]);
}
