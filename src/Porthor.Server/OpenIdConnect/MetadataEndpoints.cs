using System.Text.Json;
using Porthor.OpenIdConnect;
using Porthor.Server.Api.Description;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Values;

namespace Porthor.Server.OpenIdConnect;

/// <summary>
/// Handles the discovery document and the key set, which are public (contract/oidc-server.md 3, 4). Both are created once.
/// </summary>
internal sealed class MetadataEndpoints
{
    private readonly byte[]? configuration;
    private readonly byte[]? keys;

    /// <param name="provider">The provider; null if it is not configured.</param>
    public MetadataEndpoints(OpenIdProvider? provider = null)
    {
        if (provider is null)
            return;
        configuration = ReferenceJson.WriteObject(writer => WriteConfiguration(writer, provider.Options.Issuer)).ToArray();
        keys = ReferenceJson.WriteObject(writer => WriteKeys(writer, provider.Key)).ToArray();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        const string tag = "OpenID Connect";
        routes.MapGet(
            Routes.OpenIdConfiguration,
            (HttpContext context, MetadataEndpoints metadata) => WriteAsync(context, metadata.configuration))
            .WithMetadata(OAuthRoute.Mark)
            .Described(
                tag, "getOpenIdConfiguration", "Get the configuration of the OpenID Connect provider",
                "Returns the discovery document of OpenID Connect, with the addresses of all endpoints.")
            .Answers<OpenIdConfigurationAnswer>().Refuses(404);
        routes.MapGet(Routes.OpenIdKeys, (HttpContext context, MetadataEndpoints metadata) => WriteAsync(context, metadata.keys))
            .WithMetadata(OAuthRoute.Mark)
            .Described(
                tag, "getKeySet", "Get the keys of the OpenID Connect provider",
                "Returns the public key that verifies ID tokens, as a JSON web key set.")
            .Answers<KeySetAnswer>().Refuses(404);
    }

    private static async Task WriteAsync(HttpContext context, byte[]? document)
    {
        if (document is null)
            throw OpenIdEndpoints.NotConfigured.ToException();
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.ContentLength = document.Length;
        await context.Response.Body.WriteAsync(document, context.RequestAborted);
    }

    private static void WriteConfiguration(Utf8JsonWriter writer, string issuer)
    {
        var baseUrl = issuer.TrimEnd('/');
        writer.WriteString("issuer", issuer);
        writer.WriteString("authorization_endpoint", baseUrl + Routes.OpenIdLogin);
        writer.WriteString("token_endpoint", baseUrl + Routes.OpenIdToken);
        writer.WriteString("userinfo_endpoint", baseUrl + Routes.OpenIdUserInfo);
        writer.WriteString("jwks_uri", baseUrl + Routes.OpenIdKeys);
        WriteList(writer, "scopes_supported", OpenIdScopes.Known);
        WriteList(writer, "response_types_supported", ["code"]);
        WriteList(writer, "response_modes_supported", ["query"]);
        WriteList(writer, "grant_types_supported", ["authorization_code"]);
        WriteList(writer, "subject_types_supported", ["public"]);
        WriteList(writer, "id_token_signing_alg_values_supported", [SigningKey.Algorithm]);
        WriteList(writer, "token_endpoint_auth_methods_supported", ["client_secret_basic", "client_secret_post"]);
    }

    private static void WriteKeys(Utf8JsonWriter writer, SigningKey key)
    {
        writer.WriteStartArray("keys");
        writer.WriteStartObject();
        writer.WriteString("alg", SigningKey.Algorithm);
        writer.WriteString("kty", "RSA");
        writer.WriteString("use", "sig");
        writer.WriteString("kid", key.Id);
        writer.WriteString("n", key.Modulus);
        writer.WriteString("e", key.Exponent);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
