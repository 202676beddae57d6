using Porthor.Identity;
using Porthor.Server.Api.Description;
using Porthor.Server.Api.Description.Models;
using Porthor.Server.Http;
using Porthor.Server.Platform;
using Porthor.Server.Values;
using Porthor.Sql;
using Porthor.Storage;
using Porthor.Tokens;
using Porthor.Users;

namespace Porthor.Server.Api;

/// <summary>Maps the routes for operators: the index and the health check (contract/api.md 5.11).</summary>
internal static partial class InternalEndpoints
{
    public static void MapInternal(this IEndpointRouteBuilder routes)
    {
        const string tag = "internal";
        routes.MapGet(Routes.Index, GetIndex)
            .Described(tag, "getIndex",
                "Get the name and version",
                "Returns the name and version of the service. This is not for users: proxies do not publish it.")
            .Answers<IndexAnswer>();
        routes.MapGet(Routes.Health, GetHealthAsync)
            .Described(
                tag, "getHealth", "Check the health",
                "Checks both stores and the directory. This is not for users: proxies do not publish it.")
            .Answers<HealthAnswer>().Produces(StatusCodes.Status500InternalServerError, contentType: "text/plain");
    }

    /// <summary>Returns the index, and redirects browsers to the pages.</summary>
    private static IResult GetIndex(HttpContext context, ServerIdentity identity)
    {
        context.Response.Headers.Vary = "Accept";
        return AcceptedTypes.PreferHtml(context.Request)
            ? Results.Redirect(PageAddresses.Tokens, permanent: false, preserveMethod: true)
            : Index(identity);
    }

    private static IResult Index(ServerIdentity identity) => ApiJson.Write(writer =>
    {
        writer.WriteStartObject();
        // Clients of the reference expect its name.
        writer.WriteString("name", "gafaelfawr");
        writer.WriteString("version", PorthorVersion.Text);
        writer.WriteString("description", "Porthor, a token service: authentication and authorization for services behind a reverse proxy");
        writer.WriteString("repository_url", PorthorVersion.RepositoryUrl);
        writer.WriteString("documentation_url", new Uri(identity.BaseUrl, Routes.Docs).ToString());
        writer.WriteEndObject();
    });

    /// <summary>
    /// Checks that both stores can be read and that the directory responds to a query for a user. The result of the query does not matter
    /// (deviations 15).
    /// </summary>
    private static async Task<IResult> GetHealthAsync(
        HttpContext context, ITokenRecordStore recordStore, SqlStores sql, UserInfoService users,
        ILogger<ApiAuthorizationMiddleware> logger)
    {
        try
        {
            await sql.TokenIndex.CheckAsync(context.RequestAborted);
            await recordStore.CheckAsync(context.RequestAborted);
            if (users.HasDirectory && await FindSessionUserAsync(sql, context.RequestAborted) is { } username)
                await users.CheckAsync(username, context.RequestAborted);
            return ApiJson.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("status", "healthy");
                writer.WriteEndObject();
            });
        }
        catch (Exception e) when (e is StoreUnavailableException or UserDirectoryException)
        {
            Log.Unhealthy(logger, e.Message, e);
            return Results.Text("Internal Server Error", "text/plain", statusCode: StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>Returns a user with a session; null if none of the examined tokens is a session.</summary>
    private static async Task<string?> FindSessionUserAsync(SqlStores sql, CancellationToken cancellationToken)
    {
        const int examined = 100;
        var tokens = await sql.TokenIndex.ReadAsync(after: null, examined, cancellationToken);
        string[] users = [.. tokens.Where(entry => entry.Token.TokenType == TokenType.Session).Select(entry => entry.Token.Username)];
        return users.Length == 0 ? null : users[Random.Shared.Next(users.Length)];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Health check failed")]
        public static partial void Unhealthy(ILogger logger, string error, Exception exception);
    }
}
