using Porthor.Server.Logging;

namespace Porthor.Server.Configuration;

/// <summary>Reads the settings of the log.</summary>
internal static class LogSettings
{
    public static LogLevel ReadLevel(SettingsSection file)
    {
        var text = file.Text("logLevel");
        switch (text?.ToUpperInvariant())
        {
            case null or "INFO":
                return LogLevel.Information;
            case "DEBUG":
                return LogLevel.Debug;
            case "WARNING":
                return LogLevel.Warning;
            case "ERROR":
                return LogLevel.Error;
            case "CRITICAL":
                return LogLevel.Critical;
            default:
                file.AddError("logLevel", text, "must be DEBUG, INFO, WARNING, ERROR or CRITICAL");
                return LogLevel.Information;
        }
    }

    public static DecisionLogOptions ReadDecisions(SettingsSection file)
    {
        if (file.Section("decisionLog") is not { } section)
            return new DecisionLogOptions();
        const string linesKey = "lines", rateKey = "perSecond";
        var text = section.Text(linesKey);
        LoggedDecisions? lines = text?.ToUpperInvariant() switch
        {
            null or "ALL" => LoggedDecisions.All,
            "REFUSED" => LoggedDecisions.Refused,
            "NONE" => LoggedDecisions.None,
            _ => null,
        };
        if (lines is null)
            section.AddError(linesKey, text, "must be all, refused or none");
        var rate = section.Integer(rateKey);
        if (rate is < 1 or > int.MaxValue)
            section.AddError(rateKey, section.Text(rateKey), "must be a number of lines, at least 1");
        section.Finish();
        return new DecisionLogOptions(lines ?? LoggedDecisions.All, (int?)rate);
    }

    /// <summary>Reads the number of lines per second that clients without a valid token can cause.</summary>
    public static int ReadAnonymousLines(SettingsSection file)
    {
        const string key = "anonymousLogLines";
        var rate = file.Integer(key) ?? AnonymousLogLimit.DefaultPerSecond;
        if (rate is >= 0 and <= 10_000)
            return (int)rate;
        file.AddError(key, file.Text(key), "must be a number of lines a second from 0 to 10000; 0 is no limit");
        return AnonymousLogLimit.DefaultPerSecond;
    }
}
