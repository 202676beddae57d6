using Porthor.Ingress;
using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// Handles authorization subrequests: reads the request, calls the <see cref="IngressAuthorizer"/>, and writes the answer.
/// </summary>
internal sealed class IngressHandler(
    IngressAuthorizer authorizer,
    IngressRuleReader rules,
    Authenticator authenticator,
    IngressRecorder recorder,
    NginxResponse nginx,
    TrustedProxies proxies,
    PeerWarnings peerWarnings)
{
    /// <summary>Handles <c>/ingress/auth</c>: the proxy describes the user's request in <c>X-Original-*</c> headers.</summary>
    public Task AuthorizeOriginalAsync(HttpContext context)
    {
        var peer = ForwardedClient.PeerOf(context);
        if (proxies.AcceptsOriginalFrom(peer))
            return AuthorizeAsync(context, OriginalTarget.Of(context.Request.Headers), nginx);
        peerWarnings.Refused(peer!);
        return Problem.Denied(
            StatusCodes.Status403Forbidden, "The authorization subrequest does not come from a trusted proxy", "permission_denied",
                challenge: null)
            .WithNginxStatus().WriteAsync(context.Response);
    }

    /// <summary>Handles an authorization subrequest from a trusted proxy.</summary>
    /// <param name="target">The URL and method of the user's request.</param>
    /// <param name="response">Writes the answer in the format that the proxy needs.</param>
    public Task AuthorizeAsync(HttpContext context, OriginalTarget target, IngressResponse response)
    {
        if (ForwardedClient.Of(context).Address is null)
            return Problem.MissingClientAddress().WriteAsync(context.Response);
        var read = rules.Read(context.Request, target);
        if (read.Problem is { } problem)
            return problem.WriteAsync(context.Response);
        var request = CreateRequest(context, read.Rule, read.Original!.Value);
        var pending = authorizer.AuthorizeAsync(request, context.RequestAborted);
        return pending.IsCompletedSuccessfully
            ? AnswerAsync(context, request, pending.Result, response, read.Errors)
            : WaitAsync(context, request, pending, response, read.Errors);
    }

    private IngressRequest CreateRequest(HttpContext context, IngressRule? rule, OriginalRequest original)
    {
        var headers = context.Request.Headers;
        var credential = original.IsOptions ? default : authenticator.FindForProxy(context, original.AllowCookies);
        return new IngressRequest
        {
            Rule = rule,
            ChallengeType = original.ChallengeType,
            AllowCookies = original.AllowCookies,
            Credential = credential,
            ClientAddress = ForwardedClient.Of(context).Address,
            Url = original.Url,
            IsAjax = original.IsAjax,
            WebSocketOrigins = credential.IsAmbient ? WebSocketHandshake.OriginsOf(headers) : null,
            Preflight = original.IsOptions
                ? new CorsPreflight(headers.Origin.LastOrDefault(), headers.AccessControlRequestMethod.LastOrDefault())
                : null,
        };
    }

    private async Task WaitAsync(
        HttpContext context, IngressRequest request, ValueTask<IngressAnswer> pending, IngressResponse response,
        ValidationErrors? errors) =>
        await AnswerAsync(context, request, await pending, response, errors);

    private Task AnswerAsync(
        HttpContext context, IngressRequest request, IngressAnswer answer, IngressResponse response, ValidationErrors? errors)
    {
        recorder.Record(request, answer);
        return answer is DeniedAnswer { Form: DenialForm.InvalidRule }
            ? Problem.Of(errors!).WriteAsync(context.Response)
            : response.WriteAsync(context, request, answer);
    }
}
