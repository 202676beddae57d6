using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Principal;

namespace Porthor.Server.Users.Ldap;

/// <summary>
/// Tells the directory who we are by a Kerberos ticket (SASL GSSAPI, RFC 4752). The ticket is whatever the environment has, as
/// <c>kinit</c> or <c>k5start</c> leave it.
/// </summary>
internal static class KerberosBind
{
    private const string Mechanism = "GSSAPI";

    /// <summary>What protects the connection afterwards.</summary>
    private const byte NoLayer = 1;
    private const byte Encryption = 4;

    /// <summary>The largest piece that we take.</summary>
    private const int LargestPiece = 0xFFFFFF;

    /// <summary>
    /// The maximum number of calls of the library at once. The library waits for a KDC that does not respond for longer than a search
    /// may take, and cannot be interrupted: its thread continues after the search has ended.
    /// </summary>
    private const int MaxLibraryCalls = 10;

    private static readonly SemaphoreSlim LibraryCalls = new(MaxLibraryCalls, MaxLibraryCalls);

    /// <returns>What encrypts the connection from now on; null if TLS does that already.</returns>
    /// <exception cref="LdapException">The server does not take the ticket.</exception>
    /// <exception cref="AuthenticationException">There is no ticket, or no library for Kerberos.</exception>
    public static async Task<NegotiateAuthentication?> RunAsync(LdapConnection connection, string host, bool hasTls, CancellationToken cancellationToken)
    {
        var kerberos = new NegotiateAuthentication(new NegotiateAuthenticationClientOptions
        {
            Package = "Kerberos",
            TargetName = $"ldap/{host}",
            Credential = CredentialCache.DefaultNetworkCredentials,
            RequiredProtectionLevel = hasTls ? ProtectionLevel.None : ProtectionLevel.EncryptAndSign,
            AllowedImpersonationLevel = TokenImpersonationLevel.Identification,
            RequireMutualAuthentication = true,
        });
        try
        {
            var offer = await ExchangeAsync(connection, kerberos, cancellationToken);
            var choice = Choose(kerberos, offer, hasTls ? NoLayer : Encryption);
            var end = await connection.BindStepAsync(Mechanism, choice, cancellationToken);
            if (end.Code != LdapResult.Success)
                throw new LdapException("bind", end.Code, end.Message);
            if (!hasTls)
                return kerberos;
            kerberos.Dispose();
            return null;
        }
        catch (OperationCanceledException)
        {
            // The library may still use it. Its handles are released when they are no longer referenced.
            throw;
        }
        catch
        {
            kerberos.Dispose();
            throw;
        }
    }

    /// <summary>Both prove who they are. What the server says last is which protections it offers.</summary>
    private static async Task<byte[]> ExchangeAsync(LdapConnection connection, NegotiateAuthentication kerberos, CancellationToken cancellationToken)
    {
        byte[] incoming = [];
        while (true)
        {
            var (outgoing, status) = await NextAsync(kerberos, incoming, cancellationToken);
            if (status is not (NegotiateAuthenticationStatusCode.Completed or NegotiateAuthenticationStatusCode.ContinueNeeded))
                throw new AuthenticationException($"No Kerberos ticket for the directory could be had: {status}");
            var step = await connection.BindStepAsync(Mechanism, outgoing, cancellationToken);
            if (step.Code != LdapResult.SaslBindInProgress)
                throw new LdapException("bind", step.Code, step.Message);
            incoming = step.ServerCredentials ?? [];
            if (status == NegotiateAuthenticationStatusCode.Completed)
                return incoming;
        }
    }

    /// <summary>
    /// Calls the library on a separate thread, because it waits for the KDC. If the time limit ends first, the call continues in the
    /// background.
    /// </summary>
    /// <exception cref="OperationCanceledException">The time limit has ended.</exception>
    private static async Task<(byte[] Outgoing, NegotiateAuthenticationStatusCode Status)> NextAsync(
        NegotiateAuthentication kerberos, byte[] incoming, CancellationToken cancellationToken)
    {
        await LibraryCalls.WaitAsync(cancellationToken);
        var call = Task.Factory.StartNew(() => Call(kerberos, incoming), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return await call.WaitAsync(cancellationToken);
    }

    private static (byte[] Outgoing, NegotiateAuthenticationStatusCode Status) Call(NegotiateAuthentication kerberos, byte[] incoming)
    {
        try
        {
            var outgoing = kerberos.GetOutgoingBlob(incoming, out var status) ?? [];
            return (outgoing, status);
        }
        finally
        {
            LibraryCalls.Release();
        }
    }

    private static byte[] Choose(NegotiateAuthentication kerberos, byte[] offer, byte wanted)
    {
        if (kerberos.UnwrapInPlace(offer, out var begin, out var length, out _) != NegotiateAuthenticationStatusCode.Completed || length != 4)
            throw new AuthenticationException("The directory's offer of protections cannot be read.");
        if ((offer[begin] & wanted) == 0)
            throw new AuthenticationException("The directory does not encrypt connections with Kerberos; use TLS as well.");
        Span<byte> choice = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(choice, wanted == NoLayer ? 0 : LargestPiece);
        choice[0] = wanted;
        var wrapped = new ArrayBufferWriter<byte>();
        if (kerberos.Wrap(choice, wrapped, requestEncryption: false, out _) != NegotiateAuthenticationStatusCode.Completed)
            throw new AuthenticationException("Kerberos failed.");
        return wrapped.WrittenSpan.ToArray();
    }
}
