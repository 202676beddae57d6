using System.Globalization;
using Porthor.Redis;
using Porthor.Secrets;

namespace Porthor.Server.Configuration;

internal static partial class StoreUrls
{
    /// <summary>One logical database of Redis; null, with the fault noted, if the URL cannot be used.</summary>
    public static RedisOptions? Redis(SettingsSection settings, string key, string variable, Secret? password)
    {
        if (settings.Text(key, variable) is not { Length: > 0 } text)
            return null;
        var database = 0;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != "redis"
            || (url.AbsolutePath.Length > 1 && !int.TryParse(url.AbsolutePath.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out database)))
        {
            settings.Fault(key, value: null, "must be redis://HOST[:PORT]/DATABASE, where DATABASE is a number");
            return null;
        }
        var (user, inUrl) = Credentials(url);
        return new RedisOptions
        {
            Host = url.Host.Length > 0 ? url.Host : "localhost",
            Port = url.Port > 0 ? url.Port : 6379,
            Database = database,
            User = user,
            Password = password ?? (inUrl is null ? null : new Secret(inUrl)),
        };
    }
}
