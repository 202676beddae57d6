using System.ComponentModel;

namespace Porthor.Server.Api.Description;

// The types of bodies and responses, only for the API description. TokenBodies, QuotaBodies and TokenJson read and write them, and a test
// compares both. Names become snake case.

/// <summary>A token in a list. It does not contain the secret.</summary>
internal sealed record TokenInfoAnswer
{
    /// <summary>The owner of the token.</summary>
    /// <example>alice</example>
    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    /// <summary>The service for which a delegated token was issued.</summary>
    /// <example>tap</example>
    public string? Service { get; init; }

    /// <summary>The scopes of the token, sorted.</summary>
    public required string[] Scopes { get; init; }

    /// <summary>The time of creation, in seconds since 1970.</summary>
    /// <example>1795480321</example>
    public required long Created { get; init; }

    /// <summary>The time of expiration, in seconds since 1970. Absent if the token does not expire.</summary>
    /// <example>1798072321</example>
    public long? Expires { get; init; }

    /// <summary>The key of the token, which is not secret: 22 characters.</summary>
    /// <example>aj792KhFp_aHRBajMaGVPQ</example>
    public required string Token { get; init; }

    /// <summary>The name of the token. Only user tokens have a name.</summary>
    /// <example>laptop</example>
    public string? TokenName { get; init; }

    /// <summary>The time of the last usage, in seconds since 1970.</summary>
    public long? LastUsed { get; init; }

    /// <summary>The key of the parent token. Absent in lists.</summary>
    public string? Parent { get; init; }
}

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

/// <summary>A new token. It is returned only once.</summary>
internal sealed record NewTokenAnswer
{
    /// <summary>The whole token. Everyone who has it can act as its owner.</summary>
    /// <example>gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw</example>
    public required string Token { get; init; }
}

/// <summary>A token that users create for themselves.</summary>
internal sealed record UserTokenBody
{
    /// <summary>A name of 1 to 64 characters that no other token of the user has.</summary>
    /// <example>laptop</example>
    public required string TokenName { get; init; }

    /// <summary>The scopes of the token, which must be scopes of the caller. None if absent.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>
    /// The time of expiration: seconds since 1970, or a date and time in ISO 8601. At least five minutes from now; null or absent for
    /// never.
    /// </summary>
    /// <example>1798072321</example>
    public long? Expires { get; init; }
}

/// <summary>A token that an administrator creates for any user.</summary>
internal sealed record AdminTokenBody
{
    /// <summary>The owner of the token; for a service token a name that begins with <c>bot-</c>.</summary>
    /// <example>bot-cron</example>
    public required string Username { get; init; }

    /// <summary>Either user or service.</summary>
    public required TokenTypeName TokenType { get; init; }

    /// <summary>Required for user tokens, forbidden for service tokens.</summary>
    public string? TokenName { get; init; }

    /// <summary>Any of the known scopes. None if absent.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>
    /// The time of expiration: seconds since 1970, or a date and time in ISO 8601. At least five minutes from now; null or absent for
    /// never.
    /// </summary>
    public long? Expires { get; init; }

    /// <summary>
    /// The full name of the user. If this or one of the following fields is absent, the value is looked up when it is needed.
    /// </summary>
    /// <example>Alice Example</example>
    public string? Name { get; init; }

    /// <example>alice@example.com</example>
    public string? Email { get; init; }

    /// <summary>At least 1.</summary>
    /// <example>4123</example>
    public long? Uid { get; init; }

    /// <summary>At least 1.</summary>
    /// <example>4123</example>
    public long? Gid { get; init; }

    public GroupModel[]? Groups { get; init; }
}

/// <summary>A change of a user token. Absent fields are not changed.</summary>
internal sealed record TokenEditBody
{
    /// <summary>A new name.</summary>
    public string? TokenName { get; init; }

    /// <summary>The new scopes. Removed scopes are also removed from child tokens. An empty list removes all scopes.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>The new time of expiration; an explicit null for never. Child tokens do not expire later.</summary>
    public long? Expires { get; init; }
}

/// <summary>A group of a user.</summary>
internal sealed record GroupModel
{
    /// <example>astronomers</example>
    public required string Name { get; init; }

    /// <example>1222</example>
    public required long Id { get; init; }
}

/// <summary>A usage event of a token.</summary>
internal sealed record TokenUsageAnswer
{
    /// <summary>The key of the token that was used.</summary>
    public required string Token { get; init; }

    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The key of the parent token.</summary>
    public string? Parent { get; init; }

    public required string[] Scopes { get; init; }

    /// <summary>The service that was accessed; absent if the rule does not name one.</summary>
    public string? Service { get; init; }

    /// <summary>The address of the client.</summary>
    /// <example>192.0.2.7</example>
    public required string? IpAddress { get; init; }

    /// <summary>The time of the usage, in seconds since 1970.</summary>
    public required long EventTime { get; init; }
}

/// <summary>A change of a token.</summary>
internal sealed record TokenChangeAnswer
{
    /// <summary>The key of the token that changed.</summary>
    public required string Token { get; init; }

    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The key of the parent token.</summary>
    public string? Parent { get; init; }

    public required string[] Scopes { get; init; }

    public string? Service { get; init; }

    /// <summary>The time of expiration, in seconds since 1970; null for never.</summary>
    public required long? Expires { get; init; }

    /// <summary>The actor: a username, <c>&lt;bootstrap&gt;</c> or <c>&lt;internal&gt;</c>.</summary>
    /// <example>alice</example>
    public required string Actor { get; init; }

    public required ChangeActionName Action { get; init; }

    /// <summary>The previous name, if an edit changed it.</summary>
    public string? OldTokenName { get; init; }

    /// <summary>The previous scopes, if an edit changed them.</summary>
    public string[]? OldScopes { get; init; }

    /// <summary>
    /// The previous expiration, in edits of a token that expires or did expire; null if there was none or it did not change.
    /// </summary>
    public long? OldExpires { get; init; }

    /// <summary>The address of the client; null if the change was not made by a client.</summary>
    /// <example>192.0.2.7</example>
    public required string? IpAddress { get; init; }

    /// <summary>The time of the change, in seconds since 1970.</summary>
    public required long EventTime { get; init; }
}

/// <summary>The action that changed a token.</summary>
internal enum ChangeActionName
{
    Create,
    Revoke,
    Expire,
    Edit,
}

/// <summary>The data that a page needs to act for the signed-in user.</summary>
internal sealed record LoginAnswer
{
    /// <summary>The value of the header <c>X-CSRF-Token</c>, which every write with the cookie requires.</summary>
    public required string Csrf { get; init; }

    public required string Username { get; init; }

    public required string[] Scopes { get; init; }

    public required LoginConfig Config { get; init; }
}

/// <summary>The configuration of the deployment.</summary>
internal sealed record LoginConfig
{
    /// <summary>All known scopes, sorted by name.</summary>
    public required KnownScope[] Scopes { get; init; }
}

/// <summary>A scope with its description.</summary>
internal sealed record KnownScope
{
    /// <example>read:all</example>
    public required string Name { get; init; }

    /// <example>Can read everything</example>
    public required string Description { get; init; }
}

/// <summary>The information about a user.</summary>
internal sealed record UserInfoAnswer
{
    public required string Username { get; init; }

    /// <example>Alice Example</example>
    public string? Name { get; init; }

    /// <example>alice@example.com</example>
    public string? Email { get; init; }

    public long? Uid { get; init; }

    public long? Gid { get; init; }

    /// <summary>The groups, sorted by name.</summary>
    public required GroupModel[] Groups { get; init; }

    public QuotaModel? Quota { get; init; }
}

/// <summary>The entry of a user in the directory. Missing values and empty lists are absent.</summary>
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

/// <summary>All groups of the directory. An empty list is absent.</summary>
internal sealed record AllGroupsAnswer
{
    public GroupModel[]? User { get; init; }

    /// <summary>The groups that the configuration lists as system groups.</summary>
    public GroupModel[]? System { get; init; }
}

/// <summary>The quota of a user.</summary>
internal sealed record QuotaModel
{
    /// <summary>Requests per minute, by service.</summary>
    public Dictionary<string, long>? Api { get; init; }

    /// <summary>Bytes, by mount point.</summary>
    public Dictionary<string, long>? Disk { get; init; }

    public NotebookQuotaModel? Notebook { get; init; }

    /// <summary>The quota of queries, by TAP service.</summary>
    public Dictionary<string, TapQuotaModel>? Tap { get; init; }
}

/// <summary>The quota of a notebook.</summary>
internal sealed record NotebookQuotaModel
{
    /// <summary>The number of CPU equivalents.</summary>
    public required double Cpu { get; init; }

    /// <summary>The memory in GiB.</summary>
    public required double Memory { get; init; }

    /// <summary>Whether the user may start notebooks.</summary>
    [DefaultValue(true)]
    public bool Spawn { get; init; } = true;
}

/// <summary>The quota of queries.</summary>
internal sealed record TapQuotaModel
{
    /// <summary>The maximum number of concurrent queries.</summary>
    public required long Concurrent { get; init; }
}

/// <summary>The quotas of all users and of groups, and the groups without limits.</summary>
internal sealed record QuotaPlanModel
{
    public QuotaModel? Default { get; init; }

    /// <summary>The quotas that are added to the default, by group.</summary>
    public Dictionary<string, QuotaModel>? Groups { get; init; }

    /// <summary>The groups whose members have no limits.</summary>
    public string[]? Bypass { get; init; }
}

/// <summary>An error response.</summary>
internal sealed record ErrorAnswer
{
    public required ErrorDetail[] Detail { get; init; }
}

/// <summary>An error. For missing credentials it is not in a list.</summary>
internal sealed record ErrorDetail
{
    /// <summary>The location of the error: <c>["body", "token_name"]</c>.</summary>
    public string[]? Loc { get; init; }

    /// <summary>The message for people.</summary>
    /// <example>Token not found</example>
    public required string Msg { get; init; }

    /// <summary>The type of the error, for programs.</summary>
    /// <example>not_found</example>
    public required string Type { get; init; }
}

/// <summary>The name and version of the service.</summary>
internal sealed record IndexAnswer
{
    /// <example>gafaelfawr</example>
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required string Description { get; init; }

    public required string RepositoryUrl { get; init; }

    public required string DocumentationUrl { get; init; }
}

/// <summary>The result of the health check.</summary>
internal sealed record HealthAnswer
{
    /// <example>healthy</example>
    public required string Status { get; init; }
}

/// <summary>Whether the service is ready, with the state of each dependency.</summary>
internal sealed record ReadinessAnswer
{
    /// <example>ready</example>
    public required string Status { get; init; }

    public required DependencyAnswer[] Dependencies { get; init; }
}

/// <summary>The state of a dependency.</summary>
internal sealed record DependencyAnswer
{
    /// <example>token index</example>
    public required string Name { get; init; }

    /// <summary>up or down.</summary>
    public required string State { get; init; }

    /// <summary>The time in seconds since the state changed.</summary>
    public required double Age { get; init; }

    /// <summary>The time in seconds since the last check.</summary>
    public required double Checked { get; init; }

    /// <summary>Whether the service cannot respond to requests without it.</summary>
    public required bool Required { get; init; }

    /// <summary>The error, if the state is down.</summary>
    public string? Error { get; init; }
}
