using Porthor.Server.Hosting;
using Porthor.Users;

namespace Porthor.Server.Http;

/// <summary>
/// The one place where what was thrown becomes an answer. A refusal is answered as it says; a store that is away is 503;
/// everything else is a fault of ours, whose details are for the log alone.
/// </summary>
internal sealed partial class ExceptionShield(RequestDelegate next, PorthorCore core, ILogger<ExceptionShield> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is listening any more.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, e);
        }
        catch (Exception e)
        {
            // Half an answer must not look like a whole one.
            Log.Uncaught(logger, e);
            context.Abort();
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var response = context.Response;
        var cookies = response.Headers.SetCookie;
        response.Clear();
        response.Headers.SetCookie = cookies;
        switch (exception)
        {
            case ProblemException refused:
                await refused.Problem.WriteAsync(response);
                break;
            case StoreUnavailableException e:
                core.Metrics.StoreUnavailable();
                Log.StoreUnavailable(logger, $"{e.Message} ({e.What})", e);
                await Problem.Of(e.Error).WriteAsync(response);
                break;
            case UserDirectoryException e:
                Log.UserInfoFailed(logger, e.Reason, e);
                await Problem.Of(e.Error).WriteAsync(response);
                break;
            case PorthorException e:
                await Problem.Of(e.Error).WriteAsync(response);
                break;
            case BadHttpRequestException e:
                await BadRequest(e).WriteAsync(response);
                break;
            default:
                Log.Uncaught(logger, exception);
                BrowserSession.Discard(context);
                response.StatusCode = StatusCodes.Status500InternalServerError;
                response.ContentType = "text/plain; charset=utf-8";
                await response.WriteAsync("Internal Server Error");
                break;
        }
    }

    private static Problem BadRequest(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => Problem.Of(413, $"The body is larger than {RequestLimits.BodyBytes} bytes", "body_too_large"),
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
