using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Ingress;

/// <summary>The settings of forward authentication.</summary>
public sealed record IngressOptions
{
    /// <summary>The settings of tokens.</summary>
    public TokenOptions Tokens { get; init; } = new();

    /// <summary>The time after which a proxy is answered even if a store has not answered.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The foreign origins whose pages may open WebSockets.</summary>
    public IReadOnlyList<WebOrigin> AllowedOrigins { get; init; } = [];
}
