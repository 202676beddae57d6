using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Porthor.Secrets;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Sessions;

/// <summary>
/// Reads and writes the value of the state cookie: compact JSON, encrypted with Fernet (contract/login.md 1). The format is that of the
/// reference, so that a session of one product can be continued in the other.
/// </summary>
public sealed class SessionCookie(Fernet fernet)
{
    /// <summary>The name of the cookie.</summary>
    public const string Name = "gafaelfawr";

    /// <summary>Returns a new CSRF value: 128 random bits, encoded as 22 characters.</summary>
    public static string CreateCsrf() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>Returns the value of the cookie.</summary>
    public string Write(SessionState state)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, ReferenceJson.Compact))
        {
            writer.WriteStartObject();
            WriteText(writer, "csrf", state.Csrf);
            WriteText(writer, "token", state.Token?.Reveal());
            WriteText(writer, "github", state.GitHub?.Reveal());
            WriteText(writer, "return_url", state.ReturnUrl);
            WriteText(writer, "state", state.State);
            WriteText(
                writer, "login_start",
                state.LoginStart?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            WriteText(writer, "nonce", state.Nonce);
            WriteText(writer, "verifier", state.Verifier?.Reveal());
            writer.WriteEndObject();
        }
        return Encoding.ASCII.GetString(fernet.Encrypt(buffer.WrittenSpan));
    }

    /// <summary>
    /// Reads the value of a cookie. Returns null, with the reason, if it cannot be decrypted or is invalid. Unknown fields are ignored.
    /// </summary>
    public SessionState? TryRead(string value, out string error)
    {
        error = "InvalidToken";
        if (!Ascii.IsValid(value) || !fernet.TryDecrypt(Encoding.ASCII.GetBytes(value), out var json))
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            error = "";
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or PorthorException)
        {
            // The message of the exception is not used, because it may contain a part of the cookie.
            error = e is PorthorException ? "InvalidTokenError" : "ValidationError";
            return null;
        }
    }

    /// <summary>
    /// Encrypts the return URL of a login, to store it in additional cookies. The value is valid only together with the state cookie of
    /// this login.
    /// </summary>
    /// <param name="returnUrl">The complete return URL.</param>
    /// <param name="state">The content of the state cookie, with a truncated return URL.</param>
    public string WriteReturnUrl(string returnUrl, SessionState state) =>
        Encoding.ASCII.GetString(fernet.Encrypt(Encoding.UTF8.GetBytes(BindingOf(state) + returnUrl))).TrimEnd('=');

    /// <summary>
    /// Decrypts a value of <see cref="WriteReturnUrl"/>. Returns null if it belongs to another login or to another return URL, or if it
    /// was not encrypted by Porthor.
    /// </summary>
    public string? TryReadReturnUrl(string value, SessionState state)
    {
        var padded = value.PadRight((value.Length + 3) / 4 * 4, '=');
        if (!Ascii.IsValid(padded) || !fernet.TryDecrypt(Encoding.ASCII.GetBytes(padded), out var bytes))
            return null;
        var (text, binding) = (Encoding.UTF8.GetString(bytes), BindingOf(state));
        return text.StartsWith(binding, StringComparison.Ordinal) ? text[binding.Length..] : null;
    }

    /// <summary>
    /// Returns the text that binds the value to a login. It ends unambiguously, because neither part contains a line break: the first is
    /// random Base64, and the second is a URL that was checked.
    /// </summary>
    private static string BindingOf(SessionState state) => $"{state.State}\n{state.ReturnUrl}\n";

    private static SessionState Read(JsonElement json) => new()
    {
        Csrf = Text(json, "csrf"),
        Token = Text(json, "token") is { } token ? Token.Parse(token) : null,
        GitHub = Text(json, "github") is { } gitHub ? new Secret(gitHub) : null,
        ReturnUrl = Text(json, "return_url"),
        State = Text(json, "state"),
        LoginStart = Time(json, "login_start"),
        Nonce = Text(json, "nonce"),
        Verifier = Text(json, "verifier") is { } verifier ? new Secret(verifier) : null,
    };

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static DateTimeOffset? Time(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        DateTimeOffset time;
        var read = value.ValueKind == JsonValueKind.Number
            ? TimeText.TryFromNumber(value.GetDecimal(), out time, out _)
            : TimeText.TryParse(value.GetString()!, out time, out _);
        return read ? time : throw new FormatException($"{name} is not a time");
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }
}
