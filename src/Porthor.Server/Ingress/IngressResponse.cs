using System.Runtime.CompilerServices;
using Porthor.Ingress;
using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>Writes the answers to authorization subrequests as HTTP responses.</summary>
internal abstract class IngressResponse(ServerIdentity identity)
{
    /// <summary>The responses for answers that are the same for many requests.</summary>
    private readonly ConditionalWeakTable<DeniedAnswer, Problem> shared = [];

    /// <summary>Writes an answer.</summary>
    public Task WriteAsync(HttpContext context, IngressRequest request, IngressAnswer answer)
    {
        answer.Quota?.WriteHeadersTo(new ResponseHeaders(context.Response.Headers));
        if (answer is DeniedAnswer denied)
            return WriteAsync(context, request, denied);
        var allowed = (AllowedAnswer)answer;
        var headers = context.Response.Headers;
        allowed.WriteHeadersTo(new ResponseHeaders(headers));
        if (allowed.ChildToken is not null)
            headers.CacheControl = CacheControl.NoStore;
        if (allowed.ReplacesAuthorization)
            IngressEndpoints.ReflectCookies(context);
        else
            IngressEndpoints.Reflect(context);
        return IngressEndpoints.WriteOkAsync(context.Response);
    }

    /// <summary>Writes the response to a denied request.</summary>
    protected virtual Task WriteAsync(HttpContext context, IngressRequest request, DeniedAnswer denied) =>
        ProblemOf(denied).WriteAsync(context.Response);

    /// <summary>Changes the response to a form that the proxy can forward.</summary>
    protected abstract Problem Adapt(Problem problem);

    private Problem ProblemOf(DeniedAnswer denied)
    {
        if (!denied.IsShared)
            return Create(denied);
        if (shared.TryGetValue(denied, out var known))
            return known;
        return shared.GetValue(denied, Create);
    }

    private Problem Create(DeniedAnswer denied)
    {
        switch (denied.Form)
        {
            case DenialForm.Operation:
                return Problem.Of(denied.Error!);
            case DenialForm.Credentials:
                var isPlain = denied.Code == "no_authorization";
                return Problem.BadCredentials(
                    denied.Status, denied.Message, denied.Code, isPlain ? Challenge(denied).Plain : Text(denied)!);
            default:
                var problem = Problem.Denied(denied.Status, denied.Message, denied.Code, Text(denied)).Requiring(denied.RequiredScopes);
                if (RetryAfter(denied) is { } retryAfter)
                    problem = problem.With("Retry-After", retryAfter);
                return Adapt(problem);
        }
    }

    private Challenge Challenge(DeniedAnswer denied) => new(identity.Realm, denied.Challenge!.Value);

    private string? Text(DeniedAnswer denied) =>
        denied.Challenge is null ? null : Challenge(denied).WithError(denied.Code, denied.Message, denied.RequiredScopes);

    private static string? RetryAfter(DeniedAnswer denied)
    {
        if (denied.Quota is { } quota)
            return quota.Reset.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        return denied.RetryAfter is { } wait ? ((long)wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    private readonly struct ResponseHeaders(IHeaderDictionary headers) : IHeaderTarget
    {
        public void Set(string name, string value) => headers[name] = value;
    }
}

/// <summary>
/// Writes responses for NGINX. NGINX accepts only the statuses 401 and 403 from a denied subrequest; its configuration evaluates the
/// headers of the response.
/// </summary>
internal sealed class NginxResponse(ServerIdentity identity) : IngressResponse(identity)
{
    protected override Problem Adapt(Problem problem) => problem.WithNginxStatus();
}
