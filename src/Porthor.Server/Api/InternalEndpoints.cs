using Porthor.Server.Api.Description;
using Porthor.Server.Hosting;
using Porthor.Server.Http;

namespace Porthor.Server.Api;

/// <summary>For whoever runs the service, not for its users: what this is, and whether it works (contract/api.md 5.11).</summary>
internal static partial class InternalEndpoints
{
    public static void MapInternal(this IEndpointRouteBuilder routes)
    {
        const string tag = "internal";
        routes.MapGet("/", GetIndex)
            .Described(tag, "getIndex", "What this is", "Name and version of the service. Not for users: the proxy does not publish it.")
            .Answers<IndexAnswer>();
        routes.MapGet("/health", GetHealthAsync)
            .Described(tag, "getHealth", "Whether it works", "Looks at both stores. Not for users: the proxy does not publish it.")
            .Answers<HealthAnswer>().Produces(StatusCodes.Status500InternalServerError, contentType: "text/plain");
    }

    private static IResult GetIndex(ServerIdentity identity) => ApiJson.Write(writer =>
    {
        writer.WriteStartObject();
        // The reference's name, by which its clients know it.
        writer.WriteString("name", "gafaelfawr");
        writer.WriteString("version", PorthorVersion.Text);
        writer.WriteString("description", "Porthor, a token service: authentication and authorization for what is behind a proxy");
        writer.WriteString("repository_url", PorthorVersion.RepositoryUrl);
        writer.WriteString("documentation_url", new Uri(identity.BaseUrl, "/auth/docs").ToString());
        writer.WriteEndObject();
    });

    /// <summary>Healthy is whoever can read both stores. No single token or user is looked at (deviations 15).</summary>
    private static async Task<IResult> GetHealthAsync(HttpContext context, PorthorCore core, ILogger<PorthorCore> logger)
    {
        try
        {
            await core.Sql.Ledger.CheckAsync(context.RequestAborted);
            await core.Vault.CheckAsync(context.RequestAborted);
            return ApiJson.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("status", "healthy");
                writer.WriteEndObject();
            });
        }
        catch (StoreUnavailableException e)
        {
            Log.Unhealthy(logger, e.Message, e);
            return Results.Text("Internal Server Error", "text/plain", statusCode: StatusCodes.Status500InternalServerError);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Health check failed")]
        public static partial void Unhealthy(ILogger logger, string error, Exception exception);
    }
}
