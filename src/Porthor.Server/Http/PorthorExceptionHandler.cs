using Porthor.Identity;
using Porthor.Server.Alerts;
using Porthor.Server.Logging;
using Porthor.Telemetry;

namespace Porthor.Server.Http;

/// <summary>
/// Converts exceptions to responses. A <see cref="ProblemException"/> becomes the response that it contains. An unavailable store becomes
/// status 503, and on the routes of the OpenID Connect provider an unavailable directory too. Every unexpected exception becomes status
/// 500, and its details are only in the log.
/// </summary>
internal sealed partial class PorthorExceptionHandler(
    PorthorMetrics metrics, AlertSink alerts, IErrorPages pages, ILogger<PorthorExceptionHandler> logger)
{
    public async Task AnswerAsync(HttpContext context, Exception exception)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
            return; // The client has disconnected.
        var response = context.Response;
        if (response.HasStarted)
        {
            // The connection is aborted, so that the client does not treat the incomplete response as complete.
            NoteUncaught(exception);
            context.Abort();
            return;
        }
        var cookies = response.Headers.SetCookie;
        response.Clear();
        response.Headers.SetCookie = cookies;
        switch (exception)
        {
            case ProblemException refused:
                await WriteAsync(context, refused.Problem);
                break;
            case StoreUnavailableException e:
                metrics.StoreUnavailable();
                Log.StoreUnavailable(logger, e.LogText, e);
                await WriteAsync(context, OAuthRoute.Has(context) ? Problem.OAuthUnavailable(e.Error.Message) : Problem.Of(e.Error));
                break;
            case UserDirectoryException e:
                Log.UserInfoFailed(logger, e.Reason, e);
                alerts.Raise(new Alert(e.Name, e.Reason) { User = RequestLog.Current?.User, Exception = e });
                if (!OAuthRoute.Has(context))
                    await WriteAsync(context, Problem.Of(e.Error));
                else if (e.IsUnavailable)
                    await WriteAsync(context, Problem.OAuthUnavailable(e.Error.Message));
                else
                    await WriteInternalErrorAsync(response);
                break;
            case PorthorException e:
                await WriteAsync(context, Problem.Of(e.Error));
                break;
            case BadHttpRequestException e:
                await WriteAsync(context, BadRequest(e));
                break;
            case var _ when pages.IsForPage(context):
                NoteUncaught(exception);
                await pages.WriteInternalErrorAsync(context);
                break;
            default:
                NoteUncaught(exception);
                BrowserSession.Discard(context);
                await WriteInternalErrorAsync(response);
                break;
        }
    }

    private void NoteUncaught(Exception exception)
    {
        Log.Uncaught(logger, exception);
        alerts.Raise(Alert.Uncaught(exception, RequestLog.Current));
    }

    private static Task WriteInternalErrorAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status500InternalServerError;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync("Internal Server Error");
    }

    /// <summary>Writes the problem as an HTML page if a page was requested, otherwise as JSON.</summary>
    private Task WriteAsync(HttpContext context, Problem problem) =>
        pages.IsForPage(context) && !problem.IsChallenge
            ? pages.WriteAsync(context, problem)
            : problem.WriteAsync(context.Response);

    private static Problem BadRequest(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => Problem.Of(
            413, $"The body is larger than {RequestLimits.BodyBytes} bytes", "body_too_large"),
        var status => Problem.Of(status, "The request cannot be read", "bad_request"),
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Uncaught exception")]
        public static partial void Uncaught(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Error, Message = "Store not available")]
        public static partial void StoreUnavailable(ILogger logger, string error, Exception exception);

        [LoggerMessage(Level = LogLevel.Error, Message = "Unable to get user information")]
        public static partial void UserInfoFailed(ILogger logger, string error, Exception exception);
    }
}
