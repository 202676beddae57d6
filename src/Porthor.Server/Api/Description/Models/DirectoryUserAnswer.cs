namespace Porthor.Server.Api.Description.Models;

/// <summary>A user in the directory. Missing values and empty lists are absent.</summary>
internal sealed record DirectoryUserAnswer
{
    public required string Username { get; init; }

    /// <example>Alice Example</example>
    public string? Name { get; init; }

    /// <example>alice@example.com</example>
    public string? Email { get; init; }

    public long? Uid { get; init; }

    public long? Gid { get; init; }

    /// <summary>The groups, sorted by name.</summary>
    public GroupModel[]? Groups { get; init; }

    public QuotaModel? Quota { get; init; }
}
