using Microsoft.OpenApi;

namespace Porthor.Server.Api.Description;

/// <summary>A parameter of a route, for the description. What it may be is decided where it is read.</summary>
internal sealed record DescribedParameter(string Name, ParameterLocation In, string Text, OpenApiSchema Schema)
{
    public static readonly DescribedParameter Username = new(
        "username", ParameterLocation.Path, "Whose tokens.", TextSchema(Porthor.Identity.UserRules.UsernamePattern, 1, 64));

    public static readonly DescribedParameter User = Username with { Text = "Who." };

    public static readonly DescribedParameter Key = new("key", ParameterLocation.Path, "The token's key.", TextSchema(pattern: null, 22, 22));

    /// <summary>What every history takes that has pages.</summary>
    public static readonly DescribedParameter[] Uses =
    [
        Query("cursor", "Where the page begins; from the Link header of another page.", TextSchema("^p?[0-9]+_[0-9]+$", 1, longest: null)),
        Query("limit", "How many at the most. Only with it are there pages, a count, and links.", new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" }),
        Query("since", "Not before: seconds since 1970, or a date in ISO 8601.", TextSchema(pattern: null, null, null)),
        Query("until", "Not after.", TextSchema(pattern: null, null, null)),
        Query("ip_address", "Only from this address, or from a block in CIDR notation.", TextSchema(pattern: null, null, null)),
    ];

    /// <summary>What all histories of changes take.</summary>
    public static readonly DescribedParameter[] History =
    [
        .. Uses,
        Query("key", "Only this token and its direct children.", TextSchema(pattern: null, 22, 22)),
        Query("token_type", "Only tokens of this type.", new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Enum = [.. Tokens.TokenTypes.All.Select(name => System.Text.Json.Nodes.JsonValue.Create(name))],
        }),
    ];

    /// <summary>What the administrator's history takes as well.</summary>
    public static readonly DescribedParameter[] HistoryOfAll =
    [
        Query("username", "Only tokens of this user.", TextSchema(Porthor.Identity.UserRules.UsernamePattern, 1, 64)),
        Query("actor", "Only changes that this user made, or <bootstrap>, or <internal>.", TextSchema(pattern: null, 1, 64)),
    ];

    public OpenApiParameter ToParameter() => new()
    {
        Name = Name,
        In = In,
        Description = Text,
        Required = In == ParameterLocation.Path,
        Schema = Schema,
    };

    public static DescribedParameter Query(string name, string text) => Query(name, text, TextSchema(pattern: null, null, null));

    private static DescribedParameter Query(string name, string text, OpenApiSchema schema) => new(name, ParameterLocation.Query, text, schema);

    private static OpenApiSchema TextSchema(string? pattern, int? shortest, int? longest) =>
        new() { Type = JsonSchemaType.String, Pattern = pattern, MinLength = shortest, MaxLength = longest };
}
