using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Porthor.Identity;
using Porthor.Server.Tests.Api;
using Porthor.Telemetry;
using Porthor.Testing;

namespace Porthor.Server.Tests.Ingress;

public sealed partial class IngressLogTests
{
    /// <summary>
    /// LOG-004, RAT-007, RAT-008: allowed requests are counted by type and service, and rate-limited requests separately.
    /// </summary>
    [Theory, EveryMode]
    public async Task Allowed_and_rate_limited_requests_are_counted(Mode mode)
    {
        var server = await servers.GetAsync(mode);
        foreach (var (name, isBot) in ((string, bool)[])[("counted-person", false), ("bot-counted", true)])
        {
            var bearer = TestServer.Bearer((await server.LogInAsync(name, "read:all", UserData.None)).Session);
            using var counts = new Counts(server.Host.Core.Metrics);
            var lineCount = server.CountLines();
            foreach (var query in (string[])[
                "", "?service=free", "?service=test", "?service=test", "?scope=exec:admin", "?service=blocked"])
                await server.AuthorizeAsync(query, bearer);
            await server.AuthorizeAsync(
                "", "https://example.com/", "OPTIONS", ("Origin", "https://example.com"), ("Access-Control-Request-Method", "GET"));

            var kind = isBot ? "auth_bot" : "auth_user";
            counts.Seen.ShouldBe(
                [$"{kind} service=", $"{kind} service=free", $"{kind} service=test", $"rate_limit is_bot={isBot} service=test"],
                ignoreOrder: true);
            var line = server.LinesSince(lineCount, "Request rejected due to rate limits").Single();
            Field(line, "error", "severity", "user").ShouldBe($"Rate limit (1/minute) exceeded info {name}");
            Field(line.GetProperty("quota"), "limit", "used").ShouldBe("1 1");
        }
    }

    /// <summary>Collects the measurements and their tags while it exists.</summary>
    private sealed class Counts : IDisposable
    {
        private readonly ConcurrentQueue<string> seen = new();
        private readonly MeterListener listener = new();

        public Counts(PorthorMetrics metrics)
        {
            listener.InstrumentPublished = (instrument, self) =>
            {
                // Only the reference's metrics without those of maintenance, which runs at any time; other metrics have separate tests.
                if (metrics.Owns(instrument) && !instrument.Name.StartsWith("porthor.", StringComparison.Ordinal)
                    && !instrument.Name.StartsWith("active_user_", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
                seen.Enqueue($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"));
            listener.Start();
        }

        public IReadOnlyList<string> Seen => [.. seen];

        public void Dispose() => listener.Dispose();
    }
}
