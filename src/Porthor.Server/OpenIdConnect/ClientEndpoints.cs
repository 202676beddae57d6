using System.Globalization;
using System.Text.Json;
using Microsoft.OpenApi;
using Porthor.OpenIdConnect;
using Porthor.Secrets;
using Porthor.Server.Api;
using Porthor.Server.Api.Description;
using Porthor.Server.Api.Validation;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Storage;
using Porthor.Tokens;

namespace Porthor.Server.OpenIdConnect;

/// <summary>Handles the routes for registered clients (contract/api.md 5.4, oidc-server.md 9).</summary>
internal sealed class ClientEndpoints(ClientRegistry? registry = null)
{
    private ClientRegistry Registry => registry ?? throw OpenIdEndpoints.NotConfigured.ToException();

    public static void Map(IEndpointRouteBuilder api)
    {
        const string tag = "OpenID Connect";
        var access = AccessPolicy.AnyToken.WithScope(Scopes.AdminOidc).OrBootstrap();
        var id = new DescribedParameter(
            "client_id", ParameterLocation.Path, "The client ID.", new OpenApiSchema { Type = JsonSchemaType.String });
        api.MapGet(ApiRoutes.OpenIdClients, (ApiRequest request, ClientEndpoints clients) => clients.ListAsync(request))
            .WithMetadata(access)
            .Described(tag, "listClients", "List the clients", "Returns all OpenID Connect clients, ordered by client ID.")
            .Answers<OpenIdClientAnswer[]>().Refuses(401, 403, 404, 503);
        api.MapPost(ApiRoutes.OpenIdClients, (ApiRequest request, ClientEndpoints clients) => clients.RegisterAsync(request))
            .WithMetadata(access.WithBody())
            .Described(
                tag, "registerClient", "Register a client",
                "Registers an OpenID Connect client. Only this response contains its secret.")
            .TakesBody<OpenIdClientBody>().Answers<OpenIdClientAnswer>(StatusCodes.Status201Created).Refuses(401, 403, 404, 422, 503);
        api.MapGet(ApiRoutes.OpenIdClient, (ApiRequest request, ClientEndpoints clients) => clients.GetAsync(request))
            .WithMetadata(access)
            .Described(tag, "getClient", "Get a client", "Returns an OpenID Connect client.")
            .Takes(id).Answers<OpenIdClientAnswer>().Refuses(401, 403, 404, 503);
        api.MapPatch(ApiRoutes.OpenIdClient, (ApiRequest request, ClientEndpoints clients) => clients.UpdateAsync(request))
            .WithMetadata(access.WithBody())
            .Described(
                tag, "editClient", "Change a client",
                "Replaces the redirect URI, the description and the notes of an OpenID Connect client.")
            .Takes(id).TakesBody<OpenIdClientBody>().Answers<OpenIdClientAnswer>().Refuses(401, 403, 404, 422, 503);
        api.MapDelete(ApiRoutes.OpenIdClient, (ApiRequest request, ClientEndpoints clients) => clients.DeleteAsync(request))
            .WithMetadata(access)
            .Described(
                tag, "deleteClient", "Delete a client",
                "Deletes an OpenID Connect client. Its codes cannot be redeemed afterwards; issued tokens remain valid.")
            .Takes(id).Produces(StatusCodes.Status204NoContent).Refuses(401, 403, 404, 503);
    }

    private async Task<IResult> ListAsync(ApiRequest request)
    {
        var clients = await Registry.ListAsync(request.Caller, request.Aborted);
        return ApiJson.Write(writer =>
        {
            writer.WriteStartArray();
            foreach (var client in clients)
                Write(writer, client, UrlOf(request.Context, client));
            writer.WriteEndArray();
        });
    }

    private async Task<IResult> RegisterAsync(ApiRequest request)
    {
        var data = Read(request);
        var (client, secret) = await Registry.RegisterAsync(request.Caller, data, CancellationToken.None);
        var url = UrlOf(request.Context, client);
        request.Context.Response.Headers.CacheControl = CacheControl.NoStore;
        request.Context.Response.Headers.Location = url;
        return ApiJson.Write(writer => Write(writer, client, url, secret), StatusCodes.Status201Created);
    }

    private async Task<IResult> GetAsync(ApiRequest request)
    {
        var id = IdOf(request);
        var client = await Registry.FindAsync(request.Caller, id, request.Aborted) ?? throw NotFound(id);
        return ApiJson.Write(writer => Write(writer, client, UrlOf(request.Context, client)));
    }

    private async Task<IResult> UpdateAsync(ApiRequest request)
    {
        var data = Read(request);
        var id = IdOf(request);
        var client = await Registry.UpdateAsync(request.Caller, id, data, CancellationToken.None) ?? throw NotFound(id);
        return ApiJson.Write(writer => Write(writer, client, UrlOf(request.Context, client)));
    }

    private async Task<IResult> DeleteAsync(ApiRequest request)
    {
        await Registry.DeleteAsync(request.Caller, IdOf(request), CancellationToken.None);
        return Results.NoContent();
    }

    private static ClientData Read(ApiRequest request)
    {
        var data = request.Body() is { } body
            ? new ClientData(Text(body, "return_uri"), Text(body, "description"), body.OptionalText("notes", shortest: 0))
            : null;
        request.ThrowIfInvalid();
        return data!;
    }

    private static string Text(JsonFields body, string name) => body.RequiredText(name, shortest: 0, longest: int.MaxValue);

    private static string IdOf(ApiRequest request) =>
        Convert.ToString(request.Context.Request.RouteValues["client_id"], CultureInfo.InvariantCulture)!;

    private static string UrlOf(HttpContext context, OidcClient client)
    {
        var origin = $"{ForwardedClient.Of(context).Scheme}://{context.Request.Headers.Host}";
        return origin + ApiRoutes.AddressOf(ApiRoutes.OpenIdClient, client.ClientId);
    }

    private static ProblemException NotFound(string id) =>
        Problem.Of(StatusCodes.Status404NotFound, $"Client {id} not found", "not_found").ToException();

    private static void Write(Utf8JsonWriter writer, OidcClient client, string url, Secret? secret = null)
    {
        writer.WriteStartObject();
        writer.WriteString("return_uri", client.ReturnUri);
        writer.WriteString("description", client.Description);
        if (client.Notes is not null)
            writer.WriteString("notes", client.Notes);
        writer.WriteString("client_id", client.ClientId);
        writer.WriteString("last_modified_by", client.LastModifiedBy);
        writer.WriteString("created", TimeOf(client.Created));
        writer.WriteString("last_modified", TimeOf(client.LastModified));
        writer.WriteString("url", url);
        if (secret is not null)
            writer.WriteString("client_secret", secret.Reveal());
        writer.WriteEndObject();
    }

    /// <summary>Formats a time in ISO 8601, with six digits of the fraction unless it is zero.</summary>
    private static string TimeOf(DateTimeOffset time) => time.UtcDateTime.ToString(
        time.UtcTicks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'",
        CultureInfo.InvariantCulture);
}
