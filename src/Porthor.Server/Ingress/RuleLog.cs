using System.Collections.Concurrent;
using Porthor.Server.Values;

namespace Porthor.Server.Ingress;

/// <summary>
/// Logs the warnings of each rule once. At most <see cref="MaxRules"/> rules are logged until the next start, because a client that can
/// call Porthor directly can send any number of rules.
/// </summary>
internal sealed partial class RuleLog(ILogger<RuleLog> logger)
{
    public const int MaxRules = 200;

    private readonly ConcurrentDictionary<string, byte> logged = new();

    /// <summary>Logs the warnings of a rule, unless they were logged before.</summary>
    /// <param name="rule">The query of the rule, which identifies it.</param>
    public void Warn(string rule, IReadOnlyList<RuleWarning> warnings)
    {
        if (warnings.Count == 0 || logged.ContainsKey(rule) || logged.Count >= MaxRules || !logged.TryAdd(rule, 0))
            return;
        foreach (var warning in warnings)
            Log.Warning(logger, warning.Message, rule);
    }

    /// <summary>Logs once that a location without authorization has a rule.</summary>
    public void WarnAnonymous(string rule)
    {
        Warn(
            Routes.IngressAnonymous + rule,
            [new("unexpected", "", $"{Routes.IngressAnonymous} ignores all parameters and allows every request. "
                + $"Use {Routes.IngressAuth} to require a scope.")]);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Questionable authorization rule")]
        public static partial void Warning(ILogger logger, string error, string rule);
    }
}
