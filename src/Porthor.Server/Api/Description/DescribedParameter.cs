using Microsoft.OpenApi;

namespace Porthor.Server.Api.Description;

/// <summary>Represents a parameter of a route in the API description. Other code reads and validates the parameter.</summary>
internal sealed record DescribedParameter(string Name, ParameterLocation In, string Text, OpenApiSchema Schema)
{
    public static readonly DescribedParameter Username = new(
        "username", ParameterLocation.Path, "The owner of the tokens.", TextSchema(Porthor.Identity.UserRules.UsernamePattern, 1, 64));

    public static readonly DescribedParameter User = Username with { Text = "The user." };

    public static readonly DescribedParameter Key =
        new("key", ParameterLocation.Path, "The key of the token.", TextSchema(pattern: null, 22, 22));

    /// <summary>The parameters of every history with pages.</summary>
    public static readonly DescribedParameter[] Usage =
    [
        Query("cursor", "The start of the page, from the Link header of another page.", TextSchema("^p?[0-9]+_[0-9]+$", 1, longest: null)),
        Query(
            "limit", "The maximum number of entries. Pages, the total count and links are returned only with this parameter.",
            new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" }),
        Query("since", "The earliest time: seconds since 1970, or a date in ISO 8601.", TextSchema(pattern: null, null, null)),
        Query("until", "The latest time.", TextSchema(pattern: null, null, null)),
        Query("ip_address", "Only entries from this address or network in CIDR notation.", TextSchema(pattern: null, null, null)),
    ];

    /// <summary>The parameters of every history of changes.</summary>
    public static readonly DescribedParameter[] History =
    [
        .. Usage,
        Query("key", "Only this token and its direct child tokens.", TextSchema(pattern: null, 22, 22)),
        Query("token_type", "Only tokens of this type.", new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Enum = [.. Tokens.TokenTypes.All.Select(name => System.Text.Json.Nodes.JsonValue.Create(name))],
        }),
    ];

    /// <summary>The additional parameters of the history of all users.</summary>
    public static readonly DescribedParameter[] HistoryOfAll =
    [
        Query("username", "Only tokens of this user.", TextSchema(Porthor.Identity.UserRules.UsernamePattern, 1, 64)),
        Query("actor", "Only changes by this actor: a username, <bootstrap> or <internal>.", TextSchema(pattern: null, 1, 64)),
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

    private static DescribedParameter Query(string name, string text, OpenApiSchema schema) =>
        new(name, ParameterLocation.Query, text, schema);

    private static OpenApiSchema TextSchema(string? pattern, int? shortest, int? longest) =>
        new() { Type = JsonSchemaType.String, Pattern = pattern, MinLength = shortest, MaxLength = longest };
}
