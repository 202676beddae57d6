using Porthor.Server.Http;

namespace Porthor.Server.Web;

/// <inheritdoc/>
internal sealed class ErrorPages : IErrorPages
{
    public PagePolicy DenialPolicy => DenialPage.Policy;

    public bool IsForPage(HttpContext context) => context.IsForPage();

    public bool IsDenialPageWanted(HttpContext context, int status) => DenialPage.IsWanted(context, status);

    public string? UserForProxy(HttpContext context) => DenialPage.UserForProxy(context);

    public Task<byte[]> RenderDenialAsync(HttpContext context, Problem problem) => DenialPage.RenderAsync(context, problem);

    public Task WriteAsync(HttpContext context, Problem problem) => RefusalPage.WriteAsync(context, problem);

    public Task WriteInternalErrorAsync(HttpContext context) =>
        RefusalPage.Of(StatusCodes.Status500InternalServerError).ExecuteAsync(context);
}
