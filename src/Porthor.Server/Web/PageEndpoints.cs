using Porthor.Server.Http;

namespace Porthor.Server.Web;

/// <summary>Maps the routes of pages and of the files that they load. They are not part of the API description.</summary>
internal static class PageEndpoints
{
    public static void AddPages(this IServiceCollection services)
    {
        services.AddSingleton<PageAuthorization>();
        services.AddSingleton<PageRendering>();
        services.AddSingleton<TokenPages>();
        services.AddSingleton<NewTokenPages>();
        services.AddSingleton<RevokePages>();
        services.AddSingleton<ChangePages>();
        services.AddSingleton<IErrorPages, RefusalPage>();
        services.AddSingleton<IDenialPage, DenialPage>();
    }

    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        routes.MapPageFiles();
        routes.MapPage<TokenPages>(HttpMethods.Get, PageAddresses.Tokens, (pages, request) => pages.ShowOwnAsync(request));
        routes.MapPage<TokenPages>(HttpMethods.Get, PageAddresses.Search, (pages, request) => pages.SearchAsync(request));
        routes.MapPage<NewTokenPages>(HttpMethods.Get, PageAddresses.NewToken, (pages, request) => pages.ShowFormAsync(request));
        routes.MapPage<NewTokenPages>(HttpMethods.Post, PageAddresses.NewToken, (pages, request) => pages.CreateAsync(request));
        routes.MapPage<RevokePages>(HttpMethods.Get, PageAddresses.RevokePattern, (pages, request) => pages.ShowFormAsync(request));
        routes.MapPage<RevokePages>(HttpMethods.Post, PageAddresses.RevokePattern, (pages, request) => pages.RevokeAsync(request));
        routes.MapPage<ChangePages>(HttpMethods.Get, PageAddresses.History, (pages, request) => pages.ShowOwnAsync(request));
        routes.MapPage<ChangePages>(HttpMethods.Get, PageAddresses.AllHistory, (pages, request) => pages.ShowAllAsync(request));
    }

    /// <summary>Returns whether the request is for a page, so that errors are shown as pages too.</summary>
    public static bool IsForPage(this HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<PageRoute>() is not null;

    /// <summary>Marks a route as a page. The handler of the page checks the authorization itself.</summary>
    public static IEndpointConventionBuilder AsPage(this IEndpointConventionBuilder route) =>
        route.ExcludeFromDescription().WithMetadata(new PageRoute());

    private static void MapPage<TPages>(
        this IEndpointRouteBuilder routes, string method, string address, Func<TPages, PageRequest, Task<IResult>> show)
        where TPages : notnull
    {
        routes.MapMethods(address, [method], (RequestDelegate)AnswerAsync).AsPage();

        async Task AnswerAsync(HttpContext context)
        {
            var services = context.RequestServices;
            var answer = await services.GetRequiredService<PageAuthorization>()
                .OpenAsync(context, request => show(services.GetRequiredService<TPages>(), request));
            await answer.ExecuteAsync(context);
        }
    }

    private sealed class PageRoute;
}
