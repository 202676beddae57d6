namespace Porthor.Server.Api.Description.Models;

/// <summary>The state of a dependency.</summary>
internal sealed record DependencyAnswer
{
    /// <example>token list</example>
    public required string Name { get; init; }

    /// <summary>The state: <c>up</c> or <c>down</c>.</summary>
    public required string State { get; init; }

    /// <summary>The time in seconds since the state changed.</summary>
    public required double Age { get; init; }

    /// <summary>The time in seconds since the last check.</summary>
    public required double Checked { get; init; }

    /// <summary>True if the service cannot handle requests without this dependency.</summary>
    public required bool Required { get; init; }

    /// <summary>The error, if the state is down.</summary>
    public string? Error { get; init; }
}
