namespace Porthor.Server.Api.Description.Models;

/// <summary>The quotas of all users and of groups, and the groups without limits.</summary>
internal sealed record QuotaPlanModel
{
    public QuotaModel? Default { get; init; }

    /// <summary>The quotas that are added to the default, by group.</summary>
    public Dictionary<string, QuotaModel>? Groups { get; init; }

    /// <summary>The groups whose members have no limits.</summary>
    public string[]? Bypass { get; init; }
}
