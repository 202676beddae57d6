using System.Globalization;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

/// <summary>Represents the settings of Sentry.</summary>
/// <param name="Dsn">The address to which events are sent. It is secret.</param>
/// <param name="Environment">The name of the deployment in Sentry, such as <c>production</c>.</param>
internal sealed record SentrySettings(Secret Dsn, string Environment)
{
    /// <summary>Reads the standard variables of Sentry (contract/configuration.md 7). Returns null without a DSN.</summary>
    public static SentrySettings? Read(EnvironmentVariables environment, SettingsErrors errors)
    {
        if (environment.GetStandard("SENTRY_DSN") is not { } dsn)
            return null;
        // The DSN is never printed, because everyone who has it can send events.
        if (ControlCharacters.Refuse(dsn, "SENTRY_DSN", errors) is not null && !IsDsn(dsn))
            errors.Add("SENTRY_DSN", value: null, "must be https://KEY@HOST/PROJECT");
        if (environment.GetStandard("SENTRY_ENVIRONMENT") is not { } name)
        {
            errors.Add("SENTRY_ENVIRONMENT", value: null, "Field required, because SENTRY_DSN is set");
            name = "";
        }
        name = ControlCharacters.Refuse(name, "SENTRY_ENVIRONMENT", errors) ?? "";
        var rate = environment.GetStandard("SENTRY_TRACES_SAMPLE_RATE");
        if (rate is not null
            && (!double.TryParse(rate, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || number is < 0 or > 1))
            errors.Add("SENTRY_TRACES_SAMPLE_RATE", rate, "must be a number from 0 to 1");
        return new SentrySettings(new Secret(dsn), name);
    }

    private static bool IsDsn(string dsn) => Uri.TryCreate(dsn, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        && url.UserInfo.Length > 0 && url.AbsolutePath.Length >= 2;
}
