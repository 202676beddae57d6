using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Porthor.Redis;

/// <summary>
/// Determines why Porthor cannot connect to a server. The driver repeats its attempts in the background, and does not report the reply that
/// caused a failure. This class sends the first commands of the driver itself, and returns the error of the server or of TLS.
/// </summary>
internal static class ConnectionDiagnosis
{
    private const int LongestReply = 1024;

    /// <summary>Connects to a server, and returns the reason of the failure.</summary>
    /// <param name="options">The connection options.</param>
    /// <param name="server">The address of the server.</param>
    /// <param name="host">The name that the certificate must have.</param>
    /// <returns>The reason, without addresses and secrets; null if no reason is known that may be shown.</returns>
    public static async Task<string?> FindAsync(RedisOptions options, EndPoint server, string host)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout ?? options.CallTimeout);
        try
        {
            using var socket = server is UnixDomainSocketEndPoint
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(server, timeout.Token);
            await using Stream plain = new NetworkStream(socket);
            await using var stream = options.Tls is null ? plain : await EncryptAsync(plain, options.Tls, host, timeout.Token);
            await stream.WriteAsync(FirstCommands(options), timeout.Token);
            return await ReadErrorAsync(stream, replies: options.Password is null ? 1 : 2, timeout.Token);
        }
        catch (AuthenticationException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is SocketException { SocketErrorCode: var code })
        {
            return $"{code}";
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static async Task<SslStream> EncryptAsync(Stream plain, RedisTlsOptions tls, string host, CancellationToken cancellationToken)
    {
        var encrypted = new SslStream(plain);
        await encrypted.AuthenticateAsClientAsync(tls.Authentication(host), cancellationToken);
        return encrypted;
    }

    private static byte[] FirstCommands(RedisOptions options)
    {
        var text = new StringBuilder();
        if (options.Password is { } password)
            Append(text, options.User is null ? ["AUTH", password.Reveal()] : ["AUTH", options.User, password.Reveal()]);
        Append(text, ["PING"]);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, string[] command)
    {
        text.Append('*').Append(command.Length).Append("\r\n");
        foreach (var part in command)
            text.Append('$').Append(Encoding.UTF8.GetByteCount(part)).Append("\r\n").Append(part).Append("\r\n");
    }

    /// <summary>Returns the first error in a number of replies of one line each; null if there is none.</summary>
    private static async Task<string?> ReadErrorAsync(Stream stream, int replies, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, LongestReply, leaveOpen: true);
        for (var reply = 0; reply < replies; reply++)
        {
            if (await reader.ReadLineAsync(cancellationToken) is not { Length: > 0 and < LongestReply } line)
                return null;
            if (line[0] == '-')
                return line[1..];
        }
        return null;
    }
}
