namespace Porthor.Server.Api.Description.Models;

/// <summary>The data that a page needs to act for the signed-in user.</summary>
internal sealed record LoginAnswer
{
    /// <summary>The value of the header <c>X-CSRF-Token</c>. Every request with the cookie that changes data must send it.</summary>
    public required string Csrf { get; init; }

    public required string Username { get; init; }

    public required string[] Scopes { get; init; }

    public required LoginConfig Config { get; init; }
}
