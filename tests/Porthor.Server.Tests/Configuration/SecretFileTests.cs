using System.Security.Cryptography;
using Porthor.Server.Configuration;
using static Porthor.Server.Tests.Configuration.ConfigurationFile;

namespace Porthor.Server.Tests.Configuration;

/// <summary>Values from files that variables name, and control characters, which are removed or rejected.</summary>
public sealed class SecretFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("porthor-secrets-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Every_variable_can_name_a_file_instead()
    {
        foreach (var prefix in (string[])["PORTHOR_", "GAFAELFAWR_"])
        {
            foreach (var name in EnvironmentVariables.Names)
                Resolve((prefix + name + "_FILE", Write($"value of {name}\n"))).Get(name).ShouldBe($"value of {name}");
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\n\n")]
    public void A_line_break_at_the_end_is_not_part_of_a_value(string end)
    {
        Load("", ("PORTHOR_SESSION_SECRET", SessionSecret + end)).SessionKeys.Single().Reveal().ShouldBe(SessionSecret);
        Load("", ("PORTHOR_BOOTSTRAP_TOKEN_FILE", Write(BootstrapToken + end))).BootstrapToken!.Reveal().ShouldBe(BootstrapToken);
        Load("", ("PORTHOR_SLACK_WEBHOOK", "https://slack.example.com/x" + end)).Slack.Webhook!.Reveal()
            .ShouldBe("https://slack.example.com/x");
        Load($"sessionSecret: |\n  {SessionSecret}\n").SessionKeys.Single().Reveal().ShouldBe(SessionSecret);
        Load(Cluster, ("PORTHOR_GITHUB_CLIENT_SECRET", "secret" + end)).Providers.GitHub!.ClientSecret.Reveal().ShouldBe("secret");
    }

    [Theory]
    [InlineData("sec\nret")]
    [InlineData("sec\0ret")]
    [InlineData("\tsecret")]
    [InlineData("sec\u007fret")]
    [InlineData("sec\u0085ret")]
    [InlineData("\nsecret")]
    public void Another_control_character_is_rejected_without_the_value(string value)
    {
        string[] expected = ["slackWebhook: must not contain control characters, except line breaks at its end"];
        Errors("", ("PORTHOR_SLACK_WEBHOOK", value)).ShouldBe(expected);
        Errors("", ("GAFAELFAWR_SLACK_WEBHOOK_FILE", Write(value))).ShouldBe(expected);
    }

    [Fact]
    public void The_DSN_of_Sentry_is_read_and_checked_like_other_secrets()
    {
        const string dsn = "https://key@sentry.example.com/1";
        var environment = ("SENTRY_ENVIRONMENT", "production\n");
        foreach (var variable in new[] { ("SENTRY_DSN", dsn + "\n"), ("SENTRY_DSN_FILE", Write(dsn + "\r\n")) })
        {
            var sentry = Load("", variable, environment).Sentry.ShouldNotBeNull();
            (sentry.Dsn.Reveal(), sentry.Environment).ShouldBe((dsn, "production"));
        }
        const string control = "must not contain control characters, except line breaks at its end";
        Errors("", ("SENTRY_DSN", "https://key\t@sentry.example.com/1"), environment).ShouldBe([$"SENTRY_DSN: {control}"]);
        Errors("", ("SENTRY_DSN_FILE", Write("https://key@sentry.example.com/\n1")), environment).ShouldBe([$"SENTRY_DSN: {control}"]);
        Errors("", ("SENTRY_DSN", dsn), ("SENTRY_ENVIRONMENT", "pro\nduction")).ShouldBe([$"SENTRY_ENVIRONMENT: {control}"]);
        Errors("", ("SENTRY_DSN", dsn), ("SENTRY_DSN_FILE", Write(dsn)), environment).ShouldBe(
            ["SENTRY_DSN: and SENTRY_DSN_FILE are both set; set only one of them"]);
    }

    [Theory]
    [InlineData("CONFIG_PATH")]
    [InlineData("DATA_DIR")]
    public void A_path_with_a_control_character_is_an_error(string name)
    {
        foreach (var variable in new[]
        {
            ($"PORTHOR_{name}", "/srv/por\nthor"), ($"GAFAELFAWR_{name}", "/srv/\tporthor"),
            ($"PORTHOR_{name}_FILE", Write("/srv/por\0thor")),
        })
        {
            var failure = Should.Throw<SettingsException>(
                () => SettingsLoader.Load(
                    name == "CONFIG_PATH" ? null : SettingsLoader.NoFile, dataDirectory: null, SettingsScope.Stores, Variables(variable)));
            failure.Errors.Single().ToString().ShouldBe(
                $"{variable.Item1.Replace("_FILE", "", StringComparison.Ordinal)}: "
                    + "must not contain control characters, except line breaks at its end");
        }
        // A line break at the end is removed, and the option is checked too.
        SettingsLoader.Load(
            SettingsLoader.NoFile, dataDirectory: null, SettingsScope.Stores, Variables(("PORTHOR_DATA_DIR", "/srv/porthor\n")))
            .DataDirectory.ShouldBe("/srv/porthor");
        Should.Throw<SettingsException>(() => SettingsLoader.Load("/srv/a\nb", "/srv/c\nd", SettingsScope.Stores, Variables()))
            .Errors.Select(error => error.ToString()).ShouldBe(
                ["--config-path: must not contain control characters", "--data-dir: must not contain control characters"]);
    }

    [Fact]
    public void A_private_key_keeps_its_lines()
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportPkcs8PrivateKeyPem();
        const string yaml = "oidcServer: {enabled: true, issuer: 'https://example.com', clientSuffix: '.clients.example.com'}";
        Load(yaml, ("PORTHOR_OIDC_SERVER_KEY_FILE", Write(pem.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n")))
            .OidcServer!.Key.Reveal().ShouldBe(pem.Replace("\n", "\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public void A_byte_order_mark_is_not_part_of_a_value() =>
        Load("", ("PORTHOR_SESSION_SECRET_FILE", Write("\uFEFF" + SessionSecret))).SessionKeys.Single().Reveal().ShouldBe(SessionSecret);

    [Fact]
    public void A_file_that_cannot_be_used_is_an_error_that_names_the_variable()
    {
        var missing = Path.Combine(folder, "missing");
        Errors("", ("PORTHOR_SESSION_SECRET_FILE", missing)).Single().ShouldStartWith(
            $"PORTHOR_SESSION_SECRET_FILE: '{missing}': the file cannot be read: ");
        Errors("", ("PORTHOR_SESSION_SECRET_FILE", folder)).Single().ShouldStartWith(
            $"PORTHOR_SESSION_SECRET_FILE: '{folder}': the file cannot be read: ");
        var empty = Write("\n");
        Errors("", ("PORTHOR_SESSION_SECRET_FILE", empty)).ShouldBe([$"PORTHOR_SESSION_SECRET_FILE: '{empty}': the file is empty"]);
        var large = Write(new string('x', 1024 * 1024 + 1));
        Errors("", ("PORTHOR_SESSION_SECRET_FILE", large)).ShouldBe(
            [$"PORTHOR_SESSION_SECRET_FILE: '{large}': the file is larger than 1048576 bytes"]);
        var binary = Path.Combine(folder, "binary");
        File.WriteAllBytes(binary, [0xff, 0xfe, 0x41]);
        Errors("", ("PORTHOR_SESSION_SECRET_FILE", binary)).ShouldBe(
            [$"PORTHOR_SESSION_SECRET_FILE: '{binary}': the file cannot be read: it is not UTF-8 text"]);
    }

    [Fact]
    public void A_value_and_a_file_for_the_same_variable_are_an_error() =>
        Errors("", ("PORTHOR_SESSION_SECRET", SessionSecret), ("PORTHOR_SESSION_SECRET_FILE", Write(SessionSecret)))
            .ShouldBe(["PORTHOR_SESSION_SECRET: and PORTHOR_SESSION_SECRET_FILE are both set; set only one of them"]);

    [Fact]
    public void A_file_variable_of_Porthor_overrides_the_references_variable() =>
        Load("", ("GAFAELFAWR_SESSION_SECRET", "not a key"), ("PORTHOR_SESSION_SECRET_FILE", Write(SessionSecret)))
            .SessionKeys.Count.ShouldBe(1);

    [Fact]
    public void A_mistyped_name_of_a_file_variable_is_an_error() =>
        Errors("", ("PORTHOR_DATABSE_URL_FILE", "/run/secrets/url"))
            .ShouldBe(["PORTHOR_DATABSE_URL_FILE: is not a known variable. Did you mean PORTHOR_DATABASE_URL_FILE?"]);

    private static EnvironmentVariables Resolve(params (string Name, string Value)[] variables)
    {
        var errors = new SettingsErrors(SettingsScope.Serving);
        var resolved = Variables(variables).WithFiles(errors);
        errors.All.ShouldBeEmpty();
        return resolved;
    }

    private string Write(string text)
    {
        var path = Path.Combine(folder, $"{Guid.NewGuid():N}");
        File.WriteAllText(path, text);
        return path;
    }
}
