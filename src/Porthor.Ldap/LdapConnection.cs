using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;

namespace Porthor.Ldap;

/// <summary>
/// Represents a connection to the directory, for one request at a time. After any error it must be closed, because a late response could be
/// read as the response to the next request. docs/decisions/0012-ldap-by-hand.md explains why no library is used.
/// </summary>
internal sealed class LdapConnection : IAsyncDisposable
{
    // Result codes of RFC 4511, appendix A.
    private const int SizeLimitExceeded = 4;
    private const int AdminLimitExceeded = 11;

    private readonly Socket socket;
    private Stream stream;
    private LdapReader reader;
    private int lastId;

    private LdapConnection(Socket socket)
    {
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: true);
        reader = new LdapReader(stream);
    }

    /// <summary>Connects, starts the configured encryption, and authenticates.</summary>
    /// <exception cref="LdapException">The server refused the request.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    public static async Task<LdapConnection> OpenAsync(LdapServer server, CancellationToken cancellationToken)
    {
        var connection = new LdapConnection(await ConnectAsync(server, cancellationToken));
        try
        {
            await connection.PrepareAsync(server, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Returns the entries in the order of the server. If there are more entries than the server returns at once, they are requested again
    /// in pages (RFC 2696). The first request is without pages, because OpenLDAP returns the entries of pages in another order.
    /// </summary>
    /// <exception cref="LdapException">The server refused the request.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="AsnContentException">The server sent an invalid response.</exception>
    public async Task<IReadOnlyList<LdapEntry>> SearchAsync(LdapSearch search, CancellationToken cancellationToken)
    {
        List<LdapEntry> entries = [];
        try
        {
            await SearchPageAsync(search, page: null, entries, cancellationToken);
            return entries;
        }
        catch (LdapException e) when (e.Code is SizeLimitExceeded or AdminLimitExceeded && search.Scope != LdapScope.Base)
        {
            entries.Clear();
        }
        byte[] page = [];
        do
        {
            page = await SearchPageAsync(search, page, entries, cancellationToken);
        }
        while (page.Length > 0);
        return entries;
    }

    /// <summary>Gets whether the server has closed the connection or has sent an unrequested message.</summary>
    public bool IsDead => socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Sends an unbind request if that does not block, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            using var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await stream.WriteAsync(LdapMessages.Unbind(++lastId), moment.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection was already broken.
        }
        await stream.DisposeAsync();
    }

    /// <summary>Sends one step of a SASL bind.</summary>
    internal async Task<LdapResult> BindStepAsync(string mechanism, ReadOnlyMemory<byte> credentials, CancellationToken cancellationToken)
    {
        var id = ++lastId;
        await stream.WriteAsync(LdapMessages.SaslBind(id, mechanism, credentials), cancellationToken);
        return LdapMessages.ReadBindResult(await ReadAsync(id, cancellationToken));
    }

    /// <summary>Adds the entries of a page, and returns the cookie of the next one; empty after the last.</summary>
    private async Task<byte[]> SearchPageAsync(
        LdapSearch search, byte[]? page, List<LdapEntry> entries, CancellationToken cancellationToken)
    {
        var id = ++lastId;
        await stream.WriteAsync(LdapMessages.Search(id, search, page), cancellationToken);
        while (true)
        {
            var (entry, end) = LdapMessages.ReadSearchAnswer(await ReadAsync(id, cancellationToken));
            if (entry is not null)
                entries.Add(entry);
            if (end is { Code: LdapResult.Success })
                return end.NextPage;
            if (end is not null)
                throw new LdapException("search", end.Code, end.Message);
        }
    }

    private static async Task<Socket> ConnectAsync(LdapServer server, CancellationToken cancellationToken)
    {
        var connecting = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await connecting.ConnectAsync(server.Host, server.Port, cancellationToken);
            return connecting;
        }
        catch
        {
            connecting.Dispose();
            throw;
        }
    }

    private async Task PrepareAsync(LdapServer server, CancellationToken cancellationToken)
    {
        if (server.Settings.StartTls)
            await StartTlsAsync(cancellationToken);
        if (server.IsProtected)
        {
            var tls = new SslStream(stream);
            Replace(tls);
            await tls.AuthenticateAsClientAsync(server.TlsOptions(), cancellationToken);
        }
        if (server.BindsSimply)
            await BindAsync(server.Settings.UserDn!, server.Settings.Password!.Reveal(), cancellationToken);
        else if (server.Settings.UseKerberos
            && await KerberosBind.RunAsync(this, server.Host, server.IsProtected, cancellationToken) is { } kerberos)
            Replace(new KerberosStream(stream, kerberos));
        // Without a bind, the connection is anonymous.
    }

    /// <summary>
    /// Starts TLS. If the server refuses, the connection fails, because an attacker could have caused the refusal to prevent encryption.
    /// </summary>
    private async Task StartTlsAsync(CancellationToken cancellationToken)
    {
        var id = ++lastId;
        await stream.WriteAsync(LdapMessages.StartTls(id), cancellationToken);
        var result = LdapMessages.ReadExtendedResult(await ReadAsync(id, cancellationToken));
        if (result.Code != LdapResult.Success)
            throw new LdapException("StartTLS", result.Code, result.Message);
        // Data before the TLS handshake is not authenticated.
        if (reader.HasMore)
            throw new IOException("The directory sent data after its response to StartTLS.");
    }

    private async Task BindAsync(string name, string password, CancellationToken cancellationToken)
    {
        var id = ++lastId;
        await stream.WriteAsync(LdapMessages.SimpleBind(id, name, password), cancellationToken);
        var result = LdapMessages.ReadBindResult(await ReadAsync(id, cancellationToken));
        if (result.Code != LdapResult.Success)
            throw new LdapException("bind", result.Code, result.Message);
    }

    private async Task<AsnReader> ReadAsync(int id, CancellationToken cancellationToken)
    {
        var (answers, body) = LdapMessages.Read(await reader.ReadAsync(cancellationToken));
        // A message with the id 0 is the notice that the server closes the connection.
        return answers == id ? body : throw new IOException("The directory announced that it closes the connection.");
    }

    private void Replace(Stream with)
    {
        stream = with;
        reader = new LdapReader(with);
    }
}
