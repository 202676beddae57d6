namespace Porthor.Server.Api.Description.Models;

/// <summary>All groups of the directory. An empty list is absent.</summary>
internal sealed record AllGroupsAnswer
{
    public GroupModel[]? User { get; init; }

    /// <summary>The groups that the configuration lists as system groups.</summary>
    public GroupModel[]? System { get; init; }
}
