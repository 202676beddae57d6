using Porthor.Tokens;

namespace Porthor.Server.Configuration;

/// <summary>Reads <c>tokenLimits</c>: the number of tokens that a user may have, and may create per minute.</summary>
internal static class TokenLimitSettings
{
    private const long DefaultLive = 1000;
    private const long DefaultCreationsPerMinute = 60;
    private const long Largest = 1_000_000;

    public static TokenLimits Read(SettingsSection file)
    {
        if (file.Section("tokenLimits") is not { } section)
            return new TokenLimits { Live = DefaultLive, CreationsPerMinute = DefaultCreationsPerMinute };
        var limits = new TokenLimits
        {
            Live = ReadNumber(section, "live", DefaultLive),
            CreationsPerMinute = ReadNumber(section, "creationsPerMinute", DefaultCreationsPerMinute),
        };
        section.Finish();
        return limits;
    }

    private static long ReadNumber(SettingsSection section, string key, long otherwise)
    {
        var number = section.Integer(key);
        if (number is < 0 or > Largest)
            section.AddError(key, section.Text(key), $"must be from 0 (no limit) to {Largest}");
        return number ?? otherwise;
    }
}
