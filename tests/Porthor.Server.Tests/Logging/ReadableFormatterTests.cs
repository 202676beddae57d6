using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Porthor.Server.Logging;
using Porthor.Values;

namespace Porthor.Server.Tests.Logging;

/// <summary>The log format for terminals. Texts from clients cannot control the terminal.</summary>
public sealed class ReadableFormatterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_line_has_time_severity_message_and_fields()
    {
        Format(new LogState("Created new user token", ("TokenName", "laptop"), ("TokenScopes", ScopeSet.Of("a", "b").Names)))
            .ShouldBe("12:00:00 info     Created new user token  token_name=laptop  token_scopes=[\"a\",\"b\"]\n");
        Format(new LogState("Failed"), new InvalidOperationException("for a reason"))
            .ShouldBe("12:00:00 info     Failed\nSystem.InvalidOperationException: for a reason\n");
    }

    /// <summary>Names and texts come from clients. They must not look like separate lines or contain terminal control sequences.</summary>
    [Fact]
    public void No_text_of_a_client_starts_a_line_or_controls_the_terminal()
    {
        var line = Format(
            new LogState(
                "Message\r\n12:00:01 error forged", ("Name", "a\n12:00:02 error    Forged"), ("List", (string[])["\u001b[2J", "\u009b31m"]),
                ("Bell", "\a\u007f")),
            new InvalidOperationException("\u001b]0;title\a"));
        line.Split('\n').Length.ShouldBe(3);
        line.Where(char.IsControl).ShouldAllBe(c => c == '\n');
    }

    private static string Format(LogState state, Exception? exception = null)
    {
        var output = new ArrayBufferWriter<byte>();
        new ReadableFormatter(TimeZoneInfo.Utc).Write(
            LogLine.Of(Noon, LogLevel.Information, "Porthor.Test", state, exception, static (state, _) => state.Message), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The state that a log method creates from its parameters.</summary>
    private sealed class LogState(string message, params (string Name, object? Value)[] fields)
        : List<KeyValuePair<string, object?>>(fields.Select(field => new KeyValuePair<string, object?>(field.Name, field.Value)))
    {
        public string Message => message;
    }
}
