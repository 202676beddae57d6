using System.Text.Json.Nodes;
using Porthor.Secrets;

namespace Porthor.Server.Alerts;

/// <summary>Posts messages to Slack (contract/configuration.md 6). A failure is only logged.</summary>
internal sealed partial class SlackWebhook(Secret url, ILogger<SlackWebhook> logger) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly HttpClient client = new() { Timeout = Timeout, MaxResponseContentBufferSize = 64 * 1024 };

    public async Task PostAsync(JsonObject message, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.PostAsJsonAsync(url.Reveal(), message, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
        catch (Exception e) when (e is HttpRequestException or InvalidOperationException
            || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The exception is not logged, because it may contain the URL of the webhook.
            Log.Failed(logger, e.GetType().Name);
        }
    }

    public void Dispose() => client.Dispose();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Posting Slack message failed")]
        public static partial void Failed(ILogger logger, string error);
    }
}
