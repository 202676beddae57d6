using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Porthor.Ingress;
using Porthor.Quotas;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Ingress;

/// <summary>An <see cref="IngressAuthorizer"/> on the real stores of a mode, with a clock that only the test advances.</summary>
internal sealed class Authorization : IAsyncDisposable, IDeploymentHosts, IIngressObserver
{
    public static readonly IPAddress Client = IPAddress.Parse("192.0.2.20");

    private readonly Deployment deployment;
    private readonly IngressAuthorizer authorizer;

    private Authorization(Deployment deployment, PorthorDeployment node, FakeTimeProvider clock)
    {
        (this.deployment, Node, Clock) = (deployment, node, clock);
        Counter = new FailingRateCounter(new LocalRateCounter(clock));
        authorizer = new IngressAuthorizer(
            node.Tokens, node.Users, new RateLimiter(Counter, this, clock, NullLogger<RateLimiter>.Instance),
            new IngressOptions
            {
                Tokens = deployment.Settings.Tokens,
                AnswerTimeout = deployment.Settings.AnswerTimeout,
                AllowedOrigins = [WebOrigin.TryParse("https://friend.example.org")!.Value]
            },
            hosts: this, observer: this, clock, node.Usage);
    }

    public PorthorDeployment Node { get; }

    public FakeTimeProvider Clock { get; }

    public FailingRateCounter Counter { get; }

    /// <summary>The reported events, in order.</summary>
    public List<string> Observed { get; } = [];

    public Uri BaseUrl { get; } = new("https://example.com/");

    public static async Task<Authorization> StartAsync(Mode mode, Func<PorthorSettings, PorthorSettings>? configure = null)
    {
        var deployment = await Deployment.CreateAsync(mode);
        deployment.Settings = deployment.Settings with
        {
            // Long enough that the answers do not depend on the load of the machine.
            AnswerTimeout = TimeSpan.FromSeconds(20),
            Quota = new QuotaPlan { Default = new Quota { Api = new Dictionary<string, long> { ["limited"] = 2, ["blocked"] = 0 } } },
        };
        deployment.Settings = configure?.Invoke(deployment.Settings) ?? deployment.Settings;
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        return new Authorization(deployment, await deployment.OpenNodeAsync(clock), clock);
    }

    public async Task<IngressAnswer> AuthorizeAsync(IngressRequest request) =>
        await authorizer.AuthorizeAsync(request, TestContext.Current.CancellationToken);

    public async Task<AllowedAnswer> AllowedAsync(IngressRequest request) => (await AuthorizeAsync(request))
        .ShouldBeOfType<AllowedAnswer>();

    public async Task<DeniedAnswer> DeniedAsync(IngressRequest request) => (await AuthorizeAsync(request)).ShouldBeOfType<DeniedAnswer>();

    /// <summary>A request with a bearer token.</summary>
    public static IngressRequest Request(
        Token? token, IngressRule? rule, string url = "https://example.com/page", bool isAjax = false,
        ChallengeType challenge = ChallengeType.Bearer) =>
        Request(
            new PresentedCredential(token, Error: null, HasSession: false, token is null ? null : PresentedCredential.BearerSource), rule,
            url, isAjax, challenge);

    public static IngressRequest Request(
        PresentedCredential credential, IngressRule? rule, string url = "https://example.com/page", bool isAjax = false,
        ChallengeType challenge = ChallengeType.Bearer,
        string[]? webSocketOrigins = null, CorsPreflight? preflight = null) => new()
        {
            Rule = rule,
            ChallengeType = challenge,
            AllowCookies = true,
            Credential = credential,
            ClientAddress = Client,
            Url = url,
            IsAjax = isAjax,
            WebSocketOrigins = webSocketOrigins,
            Preflight = preflight,
        };

    /// <summary>The headers of an answer for the application.</summary>
    public static Dictionary<string, string> HeadersOf(AllowedAnswer answer)
    {
        var headers = new Headers([]);
        answer.WriteHeadersTo(headers);
        return headers.Values;
    }

    public ValueTask DisposeAsync() => deployment.DisposeAsync();

    bool IDeploymentHosts.IsOwnHost(string? host) => host == "example.com"
        || host?.EndsWith(".example.com", StringComparison.Ordinal) == true;

    void IIngressObserver.Authenticated(TokenRecord record) => Observed.Add($"authenticated {record.Username}");

    void IIngressObserver.Counted(RateStatus quota) => Observed.Add($"counted {quota.Used}");

    void IIngressObserver.CountFailed() => Observed.Add("count failed");

    private readonly record struct Headers(Dictionary<string, string> Values) : IHeaderTarget
    {
        public void Set(string name, string value) => Values[name] = value;
    }
}

/// <summary>A counter that a test can make fail.</summary>
internal sealed class FailingRateCounter(IRateCounter counter) : IRateCounter
{
    public bool Fails { get; set; }

    public Task<RateCount> CountAsync(RateKey key, CancellationToken cancellationToken) => Fails
        ? Task.FromException<RateCount>(new StoreUnavailableException("ephemeral Redis", "counting a request"))
        : counter.CountAsync(key, cancellationToken);
}
