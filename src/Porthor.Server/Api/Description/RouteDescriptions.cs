namespace Porthor.Server.Api.Description;

/// <summary>Says what a route does, beside where it is mapped.</summary>
internal static class RouteDescriptions
{
    /// <summary>The media type that stands for all others.</summary>
    public const string AnyType = "*/*";

    /// <summary>The route's name for programs, what it does in a line, and more about it.</summary>
    public static RouteHandlerBuilder Described(this RouteHandlerBuilder route, string tag, string name, string summary, string description) =>
        route.WithTags(tag).WithName(name).WithSummary(summary).WithDescription(description);

    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder route, params DescribedParameter[] parameters) => route.WithMetadata([.. parameters]);

    /// <summary>
    /// The body is described as JSON, but the router lets any type through: with only JSON here it would answer 415 itself, where
    /// the contract wants the 422 of a body that is no object (contract/api.md 1). <see cref="Documents"/> leaves the second out.
    /// </summary>
    public static RouteHandlerBuilder TakesBody<T>(this RouteHandlerBuilder route)
        where T : notnull => route.Accepts<T>("application/json", AnyType);

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, int status = StatusCodes.Status200OK) =>
        route.Produces<T>(status, "application/json");

    /// <summary>The refusals that a route has beside those that all have.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses)
            route.Produces<ErrorAnswer>(status, "application/json");
        return route;
    }
}
