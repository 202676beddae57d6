namespace Porthor.Server.Api.Description.Models;

/// <summary>The type of a token.</summary>
internal enum TokenTypeName
{
    Session,
    User,
    Notebook,
    Internal,
    Service,
    Oidc,
}
