using System.Net.Sockets;

namespace Porthor.Server.Platform;

/// <summary>Handles Unix sockets among the addresses to listen on: <c>http://unix:/run/porthor.sock</c>.</summary>
internal static class UnixSockets
{
    private const string Prefix = "http://unix:/";

    /// <summary>Returns whether an address to listen on is a Unix socket.</summary>
    public static bool Is(string url) => url.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Removes sockets on which no process listens. A server that was killed leaves its socket behind.</summary>
    /// <param name="urls">The addresses to listen on, separated by ';'.</param>
    public static void RemoveStale(string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(Is))
        {
            var path = url[(Prefix.Length - 1)..];
            if (File.Exists(path) && IsStale(path))
                File.Delete(path);
        }
    }

    private static bool IsStale(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException e)
        {
            // A connection to an ordinary file is refused in the same way, but the file must not be deleted. A socket has the length zero.
            return e.SocketErrorCode == SocketError.ConnectionRefused && new FileInfo(path).Length == 0;
        }
    }
}
