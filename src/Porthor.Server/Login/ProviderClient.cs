using System.Net;
using Porthor.Secrets;
using Porthor.Server.Alerts;

namespace Porthor.Server.Login;

/// <summary>Sends requests to a login provider, with limits of time and size, and describes failures (contract/login.md 3.3).</summary>
/// <param name="name">The name of the provider in the types of alerts: <c>OIDC</c>, <c>GitHub</c>.</param>
internal sealed class ProviderClient(string name, HttpMessageHandler handler) : IDisposable
{
    /// <summary>The limit of a response in bytes, after decompression. Providers send a few kilobytes.</summary>
    private const int LongestReply = 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly HttpClient client =
        new(handler, disposeHandler: false) { Timeout = Timeout, MaxResponseContentBufferSize = LongestReply };

    /// <summary>
    /// Creates the handler that all requests to login providers use. It does not follow redirects, because requests contain the client
    /// secret and codes, which must be sent only to the configured address.
    /// </summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        // A code can be sent only once. With this timeout, no connection is used that the server could be closing.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>Sends a request and returns the reply, with any status.</summary>
    /// <param name="sent">The secrets in the request, which are redacted if the response contains them.</param>
    /// <exception cref="LoginFailedException">The provider sent no readable reply.</exception>
    public async Task<ProviderReply> SendAsync(HttpRequestMessage request, IReadOnlyList<Secret> sent, CancellationToken cancellationToken)
    {
        var what = $"{request.Method} {request.RequestUri}";
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            response.Headers.TryGetValues("Link", out var links);
            return new ProviderReply(what, response.StatusCode, body, links?.FirstOrDefault(), sent)
            {
                ContentType = response.Content.Headers.TryGetValues("Content-Type", out var types) ? types.FirstOrDefault() : null,
            };
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(what, TypeOf(e), ConnectionFailure.TextOf(e)).ToException();
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            // These are the exceptions of the decompressors. The decompressor of Brotli throws InvalidOperationException.
            throw Unreachable(what, "DecodingError", "the response's content does not match its Content-Encoding").ToException();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(what, "ReadTimeout", $"no answer within {Timeout.TotalSeconds} seconds").ToException();
        }
    }

    /// <param name="url">The URL, which may come from the provider and is untrusted.</param>
    /// <inheritdoc cref="SendAsync"/>
    public async Task<ProviderReply> GetAsync(string url, CancellationToken cancellationToken) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? await SendAsync(new HttpRequestMessage(HttpMethod.Get, address), [], cancellationToken)
            : throw Unreachable($"GET {url}", "UnsupportedProtocol", "not an http or https URL").ToException();

    /// <summary>Describes a reply whose status is not a success.</summary>
    public LoginFailure BadStatus(ProviderReply reply)
    {
        var text = $"Status {(int)reply.Status} from {reply.Request}";
        if (reply.IsRedirect)
            text += " (redirects are not followed)";
        var body = reply.Shown;
        return Failure("Cannot contact authentication provider", text, body.Length == 0 ? text : $"{text}\nBody:\n{body}") with
        {
            Alert = new Alert($"{name}WebError", text) { Request = reply.Request, Response = body },
        };
    }

    /// <summary>Describes a reply with wrong or unusable content.</summary>
    public LoginFailure Wrong(string text, string? user = null)
    {
        var shown = LoginFailure.Shortened(text);
        return Failure(LoginFailure.ProviderFailed, shown, shown) with { Alert = new Alert($"{name}Error", shown) { User = user } };
    }

    public void Dispose() => client.Dispose();

    private LoginFailure Unreachable(string what, string type, string message)
    {
        // The message is only for operators, not for users.
        return Failure("Cannot contact authentication provider", $"{type} from {what}", $"{type}: {message}") with
        {
            Alert = new Alert($"{name}WebError", $"{type}: {message}") { Request = what },
        };
    }

    private static LoginFailure Failure(string headline, string details, string logged) =>
        new(StatusCodes.Status500InternalServerError, headline, details) { LoggedDetails = logged };

    /// <summary>Returns the name of the error in the HTTP library of the reference. Operators know these names from alerts.</summary>
    private static string TypeOf(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError => "ConnectError",
        HttpRequestError.ConfigurationLimitExceeded => "ReadError",
        _ => "RemoteProtocolError",
    };
}
