namespace Porthor.Server.Api.Description.Models;

/// <summary>A new token. It is returned only once.</summary>
internal sealed record NewTokenAnswer
{
    /// <summary>The token with its secret. Everyone who has it can act as its owner.</summary>
    /// <example>gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw</example>
    public required string Token { get; init; }
}
