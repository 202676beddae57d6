using System.Net;
using System.Net.Sockets;
using Porthor.Ldap;

namespace Porthor.Server.Tests.Users;

public sealed partial class LdapConnectionTests
{
    /// <summary>A server that sends the same bytes to every client and closes the connection.</summary>
    private sealed class FakeLdapServer : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly Task serving;

        public FakeLdapServer(byte[] answer)
        {
            listener.Start();
            serving = ServeAsync(answer);
        }

        public int Connections { get; private set; }

        public LdapSettings Settings => new()
        {
            Url = $"ldap://{listener.LocalEndpoint}",
            GroupBaseDn = "dc=x",
            GroupObjectClass = "x",
            GroupMemberAttr = "x",
            UserBaseDn = "dc=x",
            UserSearchAttr = "uid",
        };

        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await serving;
        }

        private async Task ServeAsync(byte[] answer)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    Connections++;
                    var stream = client.GetStream();
                    _ = await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
                    await stream.WriteAsync(answer);
                    client.Client.Shutdown(SocketShutdown.Send);
                    await stream.CopyToAsync(Stream.Null);
                }
            }
            catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
            {
                // The server was stopped, or the client disconnected.
            }
        }
    }
}
