using Porthor.Server.Api.Description.Models;

namespace Porthor.Server.Api.Description;

/// <summary>Extends the mapping of routes with their description.</summary>
internal static class RouteDescriptions
{
    /// <summary>The media type that matches all others.</summary>
    public const string AnyType = "*/*";

    /// <summary>Sets the operation id, the summary and the description of a route.</summary>
    public static RouteHandlerBuilder Described(
        this RouteHandlerBuilder route, string tag, string name, string summary, string description) =>
        route.WithTags(tag).WithName(name).WithSummary(summary).WithDescription(description);

    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder route, params DescribedParameter[] parameters) =>
        route.WithMetadata([.. parameters]);

    /// <summary>
    /// Describes the body as JSON. The router accepts every media type. Otherwise it would respond with 415, but the contract requires 422
    /// for a body that is not an object (contract/api.md 1). <see cref="Documents"/> omits the other media type.
    /// </summary>
    public static RouteHandlerBuilder TakesBody<T>(this RouteHandlerBuilder route)
        where T : notnull => route.Accepts<T>("application/json", AnyType);

    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, int status = StatusCodes.Status200OK) =>
        route.Produces<T>(status, "application/json");

    /// <summary>Sets the error statuses of a route, in addition to those that all routes have.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses)
            route.Produces<ErrorAnswer>(status, "application/json");
        return route;
    }
}
