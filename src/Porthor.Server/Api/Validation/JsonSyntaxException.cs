namespace Porthor.Server.Api.Validation;

/// <summary>Represents the syntax error that <see cref="JsonSyntaxScanner"/> found.</summary>
internal sealed class JsonSyntaxException(JsonError error) : Exception(error.Reason)
{
    public JsonError Error { get; } = error;
}
