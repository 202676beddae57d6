using System.ComponentModel;

namespace Porthor.Server.Api.Description;

// The shapes of bodies and answers, for the description alone: what is read and written is decided by TokenBodies, QuotaBodies
// and TokenJson, and a test holds the two together. Names become snake case.

/// <summary>A token as it is listed. It holds no secret.</summary>
internal sealed record TokenInfoAnswer
{
    /// <summary>Whose token it is.</summary>
    /// <example>alice</example>
    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    /// <summary>The service that an internal token was made for.</summary>
    /// <example>tap</example>
    public string? Service { get; init; }

    /// <summary>What the token allows, sorted.</summary>
    public required string[] Scopes { get; init; }

    /// <summary>When it was made, in seconds since 1970.</summary>
    /// <example>1795480321</example>
    public required long Created { get; init; }

    /// <summary>When it ends, in seconds since 1970. Absent if it never does.</summary>
    /// <example>1798072321</example>
    public long? Expires { get; init; }

    /// <summary>The token's key, its public half: 22 characters.</summary>
    /// <example>aj792KhFp_aHRBajMaGVPQ</example>
    public required string Token { get; init; }

    /// <summary>The name that its owner gave it; only user tokens have one.</summary>
    /// <example>laptop</example>
    public string? TokenName { get; init; }

    /// <summary>When it was last used, in seconds since 1970.</summary>
    public long? LastUsed { get; init; }

    /// <summary>The key of the token it is a child of. Not shown in lists.</summary>
    public string? Parent { get; init; }
}

/// <summary>What a token is for.</summary>
internal enum TokenTypeName
{
    Session,
    User,
    Notebook,
    Internal,
    Service,
    Oidc,
}

/// <summary>A new token. This is the only time that it is shown.</summary>
internal sealed record NewTokenAnswer
{
    /// <summary>The whole token: whoever has it can act as its owner.</summary>
    /// <example>gt-aj792KhFp_aHRBajMaGVPQ.DvTHDkU1ODVxd1rMNly0Cw</example>
    public required string Token { get; init; }
}

/// <summary>A token that users make for themselves.</summary>
internal sealed record UserTokenBody
{
    /// <summary>A name of 1 to 64 characters that no other token of the user has.</summary>
    /// <example>laptop</example>
    public required string TokenName { get; init; }

    /// <summary>What it allows: scopes that the token in use has. None if absent.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>When it ends: seconds since 1970, or a date and time in ISO 8601. At least five minutes from now; null or absent for never.</summary>
    /// <example>1798072321</example>
    public long? Expires { get; init; }
}

/// <summary>A token that an administrator makes for anyone.</summary>
internal sealed record AdminTokenBody
{
    /// <summary>Whose token it is to be; for a service token a name that begins with <c>bot-</c>.</summary>
    /// <example>bot-cron</example>
    public required string Username { get; init; }

    /// <summary>Either user or service.</summary>
    public required TokenTypeName TokenType { get; init; }

    /// <summary>Required for user tokens, forbidden for service tokens.</summary>
    public string? TokenName { get; init; }

    /// <summary>Any of the known scopes. None if absent.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>When it ends: seconds since 1970, or a date and time in ISO 8601. At least five minutes from now; null or absent for never.</summary>
    public long? Expires { get; init; }

    /// <summary>The user's full name. What is absent here and below is looked up when it is needed.</summary>
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

/// <summary>What is to change about a user token; what is absent stays.</summary>
internal sealed record TokenEditBody
{
    /// <summary>A new name.</summary>
    public string? TokenName { get; init; }

    /// <summary>The scopes it is to have. Those that it loses its children lose too. An empty list removes all.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>The new end; null explicitly for never. Children end no later.</summary>
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

/// <summary>One use of a token.</summary>
internal sealed record TokenUsageAnswer
{
    /// <summary>The key of the token that was used.</summary>
    public required string Token { get; init; }

    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The key of its parent.</summary>
    public string? Parent { get; init; }

    public required string[] Scopes { get; init; }

    /// <summary>The service that was asked for, where the route names one.</summary>
    public string? Service { get; init; }

    /// <summary>The client's address.</summary>
    /// <example>192.0.2.7</example>
    public required string? IpAddress { get; init; }

    /// <summary>When it was, in seconds since 1970.</summary>
    public required long EventTime { get; init; }
}

/// <summary>One change of a token: a row of history.</summary>
internal sealed record TokenChangeAnswer
{
    /// <summary>The key of the token that changed.</summary>
    public required string Token { get; init; }

    public required string Username { get; init; }

    public required TokenTypeName TokenType { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The key of its parent.</summary>
    public string? Parent { get; init; }

    public required string[] Scopes { get; init; }

    public string? Service { get; init; }

    /// <summary>When it ends, in seconds since 1970; null if never.</summary>
    public required long? Expires { get; init; }

    /// <summary>Who did it: a username, <c>&lt;bootstrap&gt;</c>, or <c>&lt;internal&gt;</c>.</summary>
    /// <example>alice</example>
    public required string Actor { get; init; }

    public required ChangeActionName Action { get; init; }

    /// <summary>On edits that named it anew.</summary>
    public string? OldTokenName { get; init; }

    /// <summary>On edits of the scopes.</summary>
    public string[]? OldScopes { get; init; }

    /// <summary>On edits of a token that ends, or did: the end before, null if there was none or it did not change.</summary>
    public long? OldExpires { get; init; }

    /// <summary>The client's address; null if no client asked for it.</summary>
    /// <example>192.0.2.7</example>
    public required string? IpAddress { get; init; }

    /// <summary>When it happened, in seconds since 1970.</summary>
    public required long EventTime { get; init; }
}

/// <summary>What was done to a token.</summary>
internal enum ChangeActionName
{
    Create,
    Revoke,
    Expire,
    Edit,
}

/// <summary>What a page needs to act for the person who is signed in.</summary>
internal sealed record LoginAnswer
{
    /// <summary>To be repeated in the header <c>X-CSRF-Token</c> of every write that uses the cookie.</summary>
    public required string Csrf { get; init; }

    public required string Username { get; init; }

    public required string[] Scopes { get; init; }

    public required LoginConfig Config { get; init; }
}

/// <summary>What the deployment knows.</summary>
internal sealed record LoginConfig
{
    /// <summary>All known scopes, by name.</summary>
    public required KnownScope[] Scopes { get; init; }
}

/// <summary>A scope and what it allows.</summary>
internal sealed record KnownScope
{
    /// <example>read:all</example>
    public required string Name { get; init; }

    /// <example>Can read everything</example>
    public required string Description { get; init; }
}

/// <summary>What is known about a user.</summary>
internal sealed record UserInfoAnswer
{
    public required string Username { get; init; }

    /// <example>Alice Example</example>
    public string? Name { get; init; }

    /// <example>alice@example.com</example>
    public string? Email { get; init; }

    public long? Uid { get; init; }

    public long? Gid { get; init; }

    /// <summary>Ordered by name.</summary>
    public required GroupModel[] Groups { get; init; }

    public QuotaModel? Quota { get; init; }
}

/// <summary>What the directory says about a user. What it does not say is absent, and so is an empty list.</summary>
internal sealed record DirectoryUserAnswer
{
    public required string Username { get; init; }

    /// <example>Alice Example</example>
    public string? Name { get; init; }

    /// <example>alice@example.com</example>
    public string? Email { get; init; }

    public long? Uid { get; init; }

    public long? Gid { get; init; }

    /// <summary>Ordered by name.</summary>
    public GroupModel[]? Groups { get; init; }

    public QuotaModel? Quota { get; init; }
}

/// <summary>All groups that the directory has. A list without any is absent.</summary>
internal sealed record AllGroupsAnswer
{
    public GroupModel[]? User { get; init; }

    /// <summary>Those that the configuration names as the system's.</summary>
    public GroupModel[]? System { get; init; }
}

/// <summary>What a user may use.</summary>
internal sealed record QuotaModel
{
    /// <summary>Requests per minute, by service.</summary>
    public Dictionary<string, long>? Api { get; init; }

    /// <summary>Bytes, by mount point.</summary>
    public Dictionary<string, long>? Disk { get; init; }

    public NotebookQuotaModel? Notebook { get; init; }

    /// <summary>By TAP service.</summary>
    public Dictionary<string, TapQuotaModel>? Tap { get; init; }
}

/// <summary>What a notebook may use.</summary>
internal sealed record NotebookQuotaModel
{
    /// <summary>CPU equivalents.</summary>
    public required double Cpu { get; init; }

    /// <summary>GiB.</summary>
    public required double Memory { get; init; }

    /// <summary>Whether a notebook may be started at all.</summary>
    [DefaultValue(true)]
    public bool Spawn { get; init; } = true;
}

/// <summary>What queries may use.</summary>
internal sealed record TapQuotaModel
{
    /// <summary>Queries at the same time.</summary>
    public required long Concurrent { get; init; }
}

/// <summary>Quotas for everybody, for members of groups, and who is not bounded at all.</summary>
internal sealed record QuotaPlanModel
{
    public QuotaModel? Default { get; init; }

    /// <summary>Added to the default, by group.</summary>
    public Dictionary<string, QuotaModel>? Groups { get; init; }

    /// <summary>Groups whose members nothing bounds.</summary>
    public string[]? Bypass { get; init; }
}

/// <summary>What was wrong.</summary>
internal sealed record ErrorAnswer
{
    public required ErrorDetail[] Detail { get; init; }
}

/// <summary>One thing that was wrong. Without credentials, it is not in a list.</summary>
internal sealed record ErrorDetail
{
    /// <summary>Where it was: <c>["body", "token_name"]</c>.</summary>
    public string[]? Loc { get; init; }

    /// <summary>For people.</summary>
    /// <example>Token not found</example>
    public required string Msg { get; init; }

    /// <summary>For programs.</summary>
    /// <example>not_found</example>
    public required string Type { get; init; }
}

/// <summary>What this service is.</summary>
internal sealed record IndexAnswer
{
    /// <example>gafaelfawr</example>
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required string Description { get; init; }

    public required string RepositoryUrl { get; init; }

    public required string DocumentationUrl { get; init; }
}

/// <summary>Whether the service works.</summary>
internal sealed record HealthAnswer
{
    /// <example>healthy</example>
    public required string Status { get; init; }
}

/// <summary>Whether requests can be answered, and how everything is that is needed for it.</summary>
internal sealed record ReadinessAnswer
{
    /// <example>ready</example>
    public required string Status { get; init; }

    public required DependencyAnswer[] Dependencies { get; init; }
}

/// <summary>Something that the service needs.</summary>
internal sealed record DependencyAnswer
{
    /// <example>token index</example>
    public required string Name { get; init; }

    /// <summary>up or down.</summary>
    public required string State { get; init; }

    /// <summary>For how many seconds it has been so.</summary>
    public required double Age { get; init; }

    /// <summary>How many seconds ago it was asked.</summary>
    public required double Checked { get; init; }

    /// <summary>Whether no request can be answered without it.</summary>
    public required bool Required { get; init; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; init; }
}
