using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Porthor.OpenIdConnect;
using Porthor.Secrets;
using Porthor.Storage;

namespace Porthor.Tests.OpenIdConnect;

/// <summary>
/// The checks of client secrets. A blocked comparison stands for the 0.3 s that bcrypt needs, so that the tests do not measure time.
/// </summary>
public sealed class ClientSecretTests : IDisposable
{
    private static readonly Secret Correct = new("correct");
    private static readonly Secret Wrong = new("wrong");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider clock = new();
    private readonly ManualResetEventSlim release = new(initialState: true);
    private readonly ClientSecrets secrets;
    private readonly ConcurrentQueue<string> compared = [];

    public ClientSecretTests() => secrets = new ClientSecrets(clock)
    {
        Compare = (hash, secret) =>
        {
            compared.Enqueue(secret.Reveal());
            release.Wait(Limit);
            return hash.Length == 1 && secret.Reveal() == "correct";
        },
    };

    public void Dispose()
    {
        release.Set();
        release.Dispose();
    }

    [Fact]
    public async Task A_hash_of_bcrypt_decides_about_a_secret()
    {
        var real = new ClientSecrets(clock);
        var client = Client("app") with { SecretHash = ClientSecrets.Hash(Correct) };
        (await CheckAsync(real, client, Wrong)).ShouldBe(SecretCheckResult.Wrong);
        (await CheckAsync(real, client, Correct)).ShouldBe(SecretCheckResult.Correct);
        (await CheckAsync(real, client, Wrong)).ShouldBe(SecretCheckResult.Wrong);
        (await CheckAsync(real, client with { SecretHash = [1, 2, 3] }, Correct)).ShouldBe(SecretCheckResult.Wrong);
    }

    /// <summary>Rows that another program damaged.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("$2b$")]
    [InlineData("$2b$12$")]
    [InlineData("$2b$99$abcdefghijklmnopqrstuuJYtK5nJ5nJ5nJ5nJ5nJ5nJ5nJ5nJ5n")]
    [InlineData("$2b$xx$abcdefghijklmnopqrstuuJYtK5nJ5nJ5nJ5nJ5nJ5nJ5nJ5nJ5n")]
    [InlineData("$2b$04$abcdefghijk")]
    [InlineData("$2b$04$abcdefghijklmnopqrst!!")]
    [InlineData("$9z$04$abcdefghijklmnopqrstuuJYtK5nJ5nJ5nJ5nJ5nJ5nJ5nJ5nJ5n")]
    public async Task A_damaged_hash_matches_no_secret(string hash)
    {
        var real = new ClientSecrets(clock);
        (await CheckAsync(real, Client("app") with { SecretHash = Encoding.ASCII.GetBytes(hash) }, Correct))
            .ShouldBe(SecretCheckResult.Wrong);
    }

    /// <summary>An unexpected error ends the request, but not the process or the queue.</summary>
    [Fact]
    public async Task An_error_of_a_comparison_ends_only_the_request()
    {
        var fails = true;
        var failing = new ClientSecrets(clock)
        {
            Compare = (_, _) => fails ? throw new InvalidOperationException("a fault of the library") : true,
        };
        for (var i = 0; i < 3; i++)
            await Should.ThrowAsync<InvalidOperationException>(() => CheckAsync(failing, Client("app"), Correct));
        fails = false;
        (await CheckAsync(failing, Client("app"), Correct)).ShouldBe(SecretCheckResult.Correct);
    }

    /// <summary>After a start, all users of an application can return at the same moment.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Simultaneous_requests_with_one_secret_share_a_comparison(bool haveCodes)
    {
        release.Reset();
        var checks = Enumerable.Range(0, 100)
            .Select(i => CheckAsync(Client("app"), Correct, code: haveCodes ? $"code{i}" : null)).ToList();
        release.Set();
        (await Task.WhenAll(checks)).ShouldAllBe(result => result == SecretCheckResult.Correct);
        compared.Count.ShouldBe(1);
    }

    /// <summary>Applications of one cluster can have the address of its gateway.</summary>
    [Fact]
    public async Task Applications_with_one_address_do_not_refuse_each_other()
    {
        release.Reset();
        var checks = Enumerable.Range(0, 30).Select(i => CheckAsync(Client($"app{i}"), Correct, code: $"code{i}")).ToList();
        release.Set();
        (await Task.WhenAll(checks)).ShouldAllBe(result => result == SecretCheckResult.Correct);
    }

    /// <summary>
    /// An attack: requests without a code, from many networks, fill the queue. A request with a code is served nevertheless.
    /// </summary>
    [Fact]
    public async Task Requests_without_a_code_do_not_prevent_those_with_one()
    {
        release.Reset();
        var attacks = Enumerable.Range(0, 100)
            .Select(i => CheckAsync(Client("app"), new Secret($"guess{i}"), IPAddress.Parse($"203.0.113.{i}"))).ToList();
        // The first guess is being compared, and others wait.
        await Task.WhenAny(attacks);
        var login = CheckAsync(Client("app"), Correct, code: "code");
        release.Set();
        (await login).ShouldBe(SecretCheckResult.Correct);
        (await Task.WhenAll(attacks)).ShouldContain(SecretCheckResult.Busy);
    }

    [Theory]
    [InlineData("2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:3::1")]
    [InlineData("198.51.100.7", "::ffff:198.51.100.7", "198.51.100.7")]
    public async Task A_network_has_two_comparisons_at_once(string first, string second, string third)
    {
        release.Reset();
        var one = CheckAsync(Client("a"), Wrong, IPAddress.Parse(first));
        var two = CheckAsync(Client("b"), Wrong, IPAddress.Parse(second));
        (await CheckAsync(Client("c"), Wrong, IPAddress.Parse(third))).ShouldBe(SecretCheckResult.Busy);
        var other = CheckAsync(Client("c"), Wrong, IPAddress.Parse("2001:db8:2::1"));
        release.Set();
        (await Task.WhenAll(one, two, other)).ShouldAllBe(result => result == SecretCheckResult.Wrong);
    }

    /// <summary>An attack: a network guesses the secret, also after the secret is known. The correct secret is not compared then.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Guesses_are_limited_per_client_and_network(bool isKnown)
    {
        var network = IPAddress.Parse("2001:db8::1");
        if (isKnown)
            (await CheckAsync(Client("app"), Correct, code: "code")).ShouldBe(SecretCheckResult.Correct);
        for (var i = 0; i < 10; i++)
        {
            (await CheckAsync(Client("app"), new Secret($"guess{i}"), IPAddress.Parse($"2001:db8:0:{i}::1")))
                .ShouldBe(SecretCheckResult.Wrong);
        }
        var refused = await secrets.CheckAsync(Client("app"), Correct, network, NoCode, TestContext.Current.CancellationToken);
        refused.ShouldBe(new SecretCheck(SecretCheckResult.TooManyFailures, TimeSpan.FromSeconds(30)));
        (await CheckAsync(Client("other"), Correct, network)).ShouldBe(SecretCheckResult.Correct);
        (await CheckAsync(Client("app"), Correct, IPAddress.Parse("2001:db8:ffff::1"))).ShouldBe(SecretCheckResult.Correct);

        clock.Advance(TimeSpan.FromSeconds(30));
        (await CheckAsync(Client("app"), Wrong, network)).ShouldBe(SecretCheckResult.Wrong);
        (await CheckAsync(Client("app"), Correct, network)).ShouldBe(SecretCheckResult.TooManyFailures);
        clock.Advance(TimeSpan.FromMinutes(5));
        (await CheckAsync(Client("app"), Correct, network)).ShouldBe(SecretCheckResult.Correct);
    }

    /// <summary>
    /// An attack: guesses from the network of an application, to prevent its logins. Requests with a code are counted per code.
    /// </summary>
    [Fact]
    public async Task Guesses_do_not_prevent_logins_from_the_same_network()
    {
        for (var i = 0; i < 12; i++)
            await CheckAsync(Client("app"), new Secret($"guess{i}"));
        (await CheckAsync(Client("app"), Correct)).ShouldBe(SecretCheckResult.TooManyFailures);
        (await CheckAsync(Client("app"), Correct, code: "code")).ShouldBe(SecretCheckResult.Correct);

        for (var i = 0; i < 10; i++)
            (await CheckAsync(Client("app"), new Secret($"guess{i}"), code: "mine")).ShouldBe(SecretCheckResult.Wrong);
        (await CheckAsync(Client("app"), Correct, code: "mine")).ShouldBe(SecretCheckResult.TooManyFailures);
        (await CheckAsync(Client("app"), Correct, code: "code")).ShouldBe(SecretCheckResult.Correct);
    }

    private static OidcClient Client(string id) =>
        new(id, [1], "https://app.example.com/", "", null, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, "admin");

    private static Task<string?> NoCode() => Task.FromResult<string?>(null);

    private static async Task<SecretCheckResult> CheckAsync(
        ClientSecrets secrets, OidcClient client, Secret secret, IPAddress? address = null, string? code = null) =>
        (await secrets.CheckAsync(client, secret, address, () => Task.FromResult(code), TestContext.Current.CancellationToken)).Result;

    private Task<SecretCheckResult> CheckAsync(OidcClient client, Secret secret, IPAddress? address = null, string? code = null) =>
        CheckAsync(secrets, client, secret, address ?? IPAddress.Parse("192.0.2.1"), code);
}
