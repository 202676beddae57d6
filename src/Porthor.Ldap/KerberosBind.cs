using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Principal;

namespace Porthor.Ldap;

/// <summary>
/// Authenticates to the directory with a Kerberos ticket (SASL GSSAPI, RFC 4752). The ticket comes from the environment, where
/// <c>kinit</c> or <c>k5start</c> store it.
/// </summary>
internal static class KerberosBind
{
    private const string Mechanism = "GSSAPI";

    /// <summary>The security layer "none" of SASL.</summary>
    private const byte NoLayer = 1;
    private const byte Encryption = 4;

    /// <summary>The maximum size of a message that Porthor accepts.</summary>
    private const int MaxMessageBytes = 0xFFFFFF;

    /// <summary>
    /// The maximum number of concurrent calls of the library. The library waits longer for an unresponsive KDC than the time limit of a
    /// search, and cannot be interrupted, so its thread continues after the search has ended.
    /// </summary>
    private const int MaxLibraryCalls = 10;

    private static readonly SemaphoreSlim LibraryCalls = new(MaxLibraryCalls, MaxLibraryCalls);

    /// <summary>Authenticates the connection.</summary>
    /// <returns>The object that encrypts the connection; null if TLS encrypts it.</returns>
    /// <exception cref="LdapException">The server rejected the ticket.</exception>
    /// <exception cref="AuthenticationException">There is no ticket, or no Kerberos library.</exception>
    public static async Task<NegotiateAuthentication?> RunAsync(
        LdapConnection connection, string host, bool hasTls, CancellationToken cancellationToken)
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
            // The library may still use the object, so it is not disposed here. The garbage collector releases its handles later.
            throw;
        }
        catch
        {
            kerberos.Dispose();
            throw;
        }
    }

    /// <summary>Authenticates both sides. The last message of the server lists the security layers that it supports.</summary>
    private static async Task<byte[]> ExchangeAsync(
        LdapConnection connection, NegotiateAuthentication kerberos, CancellationToken cancellationToken)
    {
        byte[] incoming = [];
        while (true)
        {
            var (outgoing, status) = await NextAsync(kerberos, incoming, cancellationToken);
            if (status is not (NegotiateAuthenticationStatusCode.Completed or NegotiateAuthenticationStatusCode.ContinueNeeded))
                throw new AuthenticationException($"Cannot get a Kerberos ticket for the directory: {status}");
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
        var call = Task.Factory.StartNew(
            () => Call(kerberos, incoming), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
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
        if (kerberos.UnwrapInPlace(offer, out var begin, out var length, out _) != NegotiateAuthenticationStatusCode.Completed
            || length != 4)
            throw new AuthenticationException("The list of security layers from the directory is invalid.");
        if ((offer[begin] & wanted) == 0)
            throw new AuthenticationException("The directory does not support encryption with Kerberos. Use TLS as well.");
        Span<byte> choice = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(choice, wanted == NoLayer ? 0 : MaxMessageBytes);
        choice[0] = wanted;
        var wrapped = new ArrayBufferWriter<byte>();
        if (kerberos.Wrap(choice, wrapped, requestEncryption: false, out _) != NegotiateAuthenticationStatusCode.Completed)
            throw new AuthenticationException("Kerberos authentication failed.");
        return wrapped.WrittenSpan.ToArray();
    }
}
