using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>Represents the settings of forward authentication.</summary>
public sealed record IngressOptions
{
    /// <summary>The settings of tokens.</summary>
    public TokenOptions Tokens { get; init; } = new();

    /// <summary>The time limit of the response to a proxy. If a store has not responded by then, the response is 503.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The foreign origins whose pages may open WebSockets.</summary>
    public IReadOnlyList<WebOrigin> AllowedOrigins { get; init; } = [];
}
