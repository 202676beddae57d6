using System.Text.Json.Nodes;
using Porthor.Server.Logging;
using Porthor.Values;

namespace Porthor.Server.Alerts;

/// <summary>Creates messages for Slack (contract/configuration.md 6).</summary>
internal static class SlackMessage
{
    private const int LongestBlock = 3000;
    private const int LongestField = 2000;
    private const string Truncated = "... truncated ...";

    public static JsonObject Of(string text) => new() { ["blocks"] = new JsonArray(Section(Text(text))) };

    /// <param name="leftOut">The number of equal alerts that were omitted before this one.</param>
    public static JsonObject Of(Alert alert, DateTimeOffset failedAt, int leftOut = 0)
    {
        var fields = new JsonArray(Field("Exception type", alert.Type), Field("Failed at", failedAt.ToLogText()));
        if (alert.User is { } user)
            fields.Add(Field("User", user));
        if (alert.Key is { } key)
            fields.Add(Field("Key", key));
        if (leftOut > 0)
            fields.Add(Field("Omitted", $"{leftOut} equal alerts"));
        var title = alert.IsUncaught ? "Error in Gafaelfawr" : $"Error in Gafaelfawr: {Redaction.Text(alert.Message)}";
        var blocks = new JsonArray(Section(Text(title)), new JsonObject { ["type"] = "section", ["fields"] = fields });
        if (alert.Detail is { } detail)
            blocks.Add(Section(Code("Error", Redaction.Text(detail))));
        if (alert.IsUncaught)
            blocks.Add(Section(Code("Exception", Redaction.Text($"{alert.Type}: {alert.Message}"))));
        if (alert.Request is { } request)
            blocks.Add(Section(Text($"*URL*\n{Redaction.Text(request)}")));
        if (string.IsNullOrEmpty(alert.Response))
        {
            blocks.Add(new JsonObject { ["type"] = "divider" });
            return new JsonObject { ["blocks"] = blocks };
        }
        var response = new JsonObject { ["blocks"] = new JsonArray(Section(Code("Response", Redaction.Text(alert.Response)))) };
        return new JsonObject { ["blocks"] = blocks, ["attachments"] = new JsonArray(response) };
    }

    private static JsonObject Section(JsonObject text) => new() { ["type"] = "section", ["text"] = text };

    private static JsonObject Field(string heading, string text) => Markdown(CutEnd($"*{heading}*\n{Escape(text)}", LongestField));

    private static JsonObject Text(string text) => Markdown(CutEnd(Escape(text), LongestBlock));

    private static JsonObject Code(string heading, string text)
    {
        var (before, after) = ($"*{heading}*\n```\n", "\n```");
        return Markdown(before + CutFront(Escape(text), LongestBlock - before.Length - after.Length) + after);
    }

    private static JsonObject Markdown(string text) => new() { ["type"] = "mrkdwn", ["text"] = text, ["verbatim"] = true };

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);

    /// <summary>Shortens a text to a length that Slack accepts. Removes whole lines at the end if possible.</summary>
    private static string CutEnd(string text, int longest)
    {
        if (text.Length <= longest)
            return text;
        var kept = text[..(longest - Truncated.Length - 1)];
        var end = kept.LastIndexOf('\n');
        return $"{(end > 0 ? kept[..end] : kept)}\n{Truncated}";
    }

    /// <summary>Shortens a text at its beginning, because the end of a program's output is more useful.</summary>
    private static string CutFront(string text, int longest)
    {
        if (text.Length <= longest)
            return text;
        var kept = text[^(longest - Truncated.Length - 1)..];
        return $"{Truncated}\n{kept[(kept.IndexOf('\n', StringComparison.Ordinal) + 1)..]}";
    }
}
