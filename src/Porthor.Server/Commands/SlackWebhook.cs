using System.Text.Json.Nodes;
using Porthor.Secrets;

namespace Porthor.Server.Commands;

/// <summary>Posts messages to Slack (contract/configuration.md 6). A message that cannot be posted is logged and no more.</summary>
internal sealed partial class SlackWebhook(Secret url, ILogger<SlackWebhook> logger) : IDisposable
{
    private const int LongestBlock = 3000;
    private const string Truncated = "\n... truncated ...";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly HttpClient client = new() { Timeout = Timeout };

    public async Task PostAsync(string text, CancellationToken cancellationToken)
    {
        var message = new JsonObject
        {
            ["blocks"] = new JsonArray(new JsonObject
            {
                ["type"] = "section",
                ["text"] = new JsonObject { ["type"] = "mrkdwn", ["text"] = Cut(Escape(text)), ["verbatim"] = true },
            }),
        };
        try
        {
            using var answer = await client.PostAsJsonAsync(url.Reveal(), message, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
        catch (Exception e) when (e is HttpRequestException or InvalidOperationException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Not the exception itself, which may show the webhook's address.
            Log.Failed(logger, e.GetType().Name);
        }
    }

    public void Dispose() => client.Dispose();

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);

    /// <summary>Cuts at the end of a line what Slack would refuse.</summary>
    private static string Cut(string text)
    {
        if (text.Length <= LongestBlock)
            return text;
        var kept = text[..(LongestBlock - Truncated.Length)];
        return kept[..Math.Max(kept.LastIndexOf('\n'), 0)] + Truncated;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Posting Slack message failed")]
        public static partial void Failed(ILogger logger, string error);
    }
}
