namespace Porthor.Server.Api.Description.Models;

/// <summary>The action that changed a token.</summary>
internal enum ChangeActionName
{
    Create,
    Revoke,
    Expire,
    Edit,
}
