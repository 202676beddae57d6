using System.Globalization;
using Porthor.Server.Api.Validation;
using Porthor.Server.Hosting;
using Porthor.Server.Http;

namespace Porthor.Server.Ingress;

/// <summary>
/// The same question as <c>/ingress/auth</c>, from proxies that hand their users the answer as it is. They are told the status
/// that is meant, and browsers without credentials are sent to the login. What is decided, <see cref="IngressHandler"/> decides.
/// </summary>
internal sealed class ForwardEndpoint(PorthorDeployment core, IngressHandler handler, ServerIdentity identity, TrustedProxies proxies)
{
    /// <summary>What is meant for NGINX, which would not let the status itself through.</summary>
    public const string MeantStatus = "X-Error-Status";
    private const string MeantBody = "X-Error-Body";

    public Task AuthorizeAsync(HttpContext context)
    {
        if (ForwardQuestion.TryRead(context, proxies, out var errors) is not { } question)
            return Problem.Of(errors).WriteAsync(context.Response);
        var headers = context.Request.Headers;
        headers[IngressParameters.OriginalUrl] = question.Url;
        headers[IngressParameters.OriginalMethod] = question.Method;
        // At the last moment, so that it does not matter where a refusal came from.
        context.Response.OnStarting(() =>
        {
            Straighten(context, question);
            return Task.CompletedTask;
        });
        return handler.AuthorizeAsync(context);
    }

    private void Straighten(HttpContext context, ForwardQuestion question)
    {
        var response = context.Response;
        if (int.TryParse(response.Headers[MeantStatus], CultureInfo.InvariantCulture, out var meant))
            response.StatusCode = meant;
        response.Headers.Remove(MeantStatus);
        response.Headers.Remove(MeantBody);
        if (response.StatusCode != StatusCodes.Status401Unauthorized || !MayLogIn(context, question))
            return;
        response.StatusCode = StatusCodes.Status302Found;
        response.Headers.Remove("WWW-Authenticate");
        response.Headers.Location = LoginUrl(question.Url);
    }

    /// <summary>
    /// Would a login help? Only a person who opens a page can log in; a location that asks for Basic credentials, or takes no
    /// cookies, would not see them; and the login leads back to hosts of ours alone (contract/login.md 2).
    /// </summary>
    private bool MayLogIn(HttpContext context, ForwardQuestion question) =>
        question.Method == HttpMethods.Get
        && context.Request.Headers.Accept.Any(accept => accept?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true)
        && new IngressParameters(context.Request).ReadAsker(identity.Realm, new ValidationErrors())
            is { IsAjax: false, AllowCookies: true, Challenge.Type: ChallengeType.Bearer }
        && new IngressDecision(core.Settings.Tokens, identity).IsOurs(IngressDecision.HostOf(HeaderText.Decode(question.Url)));

    /// <summary>On the base host the browser is there already, by whatever port; from a host below it, it has to be told.</summary>
    private string LoginUrl(string url)
    {
        var origin = IngressDecision.HostOf(HeaderText.Decode(url)) == identity.Realm ? "" : identity.BaseUrl.GetLeftPart(UriPartial.Authority);
        return $"{origin}/login?rd={Uri.EscapeDataString(HeaderText.DecodeUrl(url))}";
    }
}
