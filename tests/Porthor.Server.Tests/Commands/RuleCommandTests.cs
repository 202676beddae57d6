using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

/// <summary><c>porthor rule check</c> explains a rule.</summary>
public sealed class RuleCommandTests : IAsyncLifetime
{
    private readonly PorthorProgram program = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => program.DisposeAsync();

    [Theory]
    [InlineData("scopes=admin:token", 0, "No scope is required: every valid token is accepted.\n",
        "Warning: The parameter scopes is unknown and has no effect. Did you mean scope?\n")]
    [InlineData("?", 0, "No scope is required: every valid token is accepted.\n", "Warning: The rule requires no scope")]
    [InlineData("/ingress/auth", 0, "No scope is required: every valid token is accepted.\n")]
    [InlineData("scope=a&scope=b", 0, "The token must have all of the scopes a, b.\n")]
    [InlineData("?scope=a&scope=b&satisfy=any", 0, "The token must have at least one of the scopes a, b.\n")]
    [InlineData("http://porthor:8080/ingress/auth?scope=read:all&allow_cookies=false&auth_type=basic", 0,
        "The token must have the scope read:all.\n", "session cookie is not accepted", "gets a Basic challenge")]
    [InlineData("satisfy=any", 0, "every request is denied")]
    [InlineData("scope=a&username=bob&only_service=x&user_domain=1&delegate_to=tap&delegate_scope=r&use_authorization=1&allow_options=1", 0,
        "The user must be bob.\n", "internal token of the service x.\n", "The first label of the host name", "at least 300 more seconds",
        "internal token of the service tap with those of the scopes r", "OPTIONS requests are allowed")]
    [InlineData("scope=a&delegate_scope=r", 0, "delegate_scope has no effect without delegate_to.\n")]
    [InlineData("scope=read:all,user:token", 0, "Warning: The rule requires the scope read:all,user:token, which no token has.")]
    [InlineData("scope=read:all+user:token", 0, "Write one parameter for each name: scope=read:all&scope=user:token.\n")]
    [InlineData("scope=%20read:all", 0, "Remove the separator: scope=read:all.\n")]
    [InlineData("scope=raed:all", 0, "knownScopes does not contain it. Did you mean read:all?\n")]
    [InlineData("scope=read:all&only_service=", 0, "Warning: only_service has an empty name")]
    [InlineData("scope=a&satisfy=some", 1, "Error: satisfy: Input should be 'any' or 'all'\n")]
    [InlineData("scope=a&notebook=1&delegate_to=x", 1, "Error: delegate_to cannot be set for notebook tokens\n")]
    [InlineData("scope=a&minimum_lifetime=10", 1, "Error: minimum_lifetime: ")]
    public async Task A_rule_is_explained(string query, int exitCode, params string[] sentences)
    {
        var outcome = await program.RunAsync("rule", "check", query);
        (outcome.ExitCode, outcome.Errors).ShouldBe((exitCode, ""), outcome.Output);
        foreach (var sentence in sentences)
            outcome.Output.ShouldContain(sentence);
    }

    [Fact]
    public async Task With_strict_a_warning_is_an_error()
    {
        (await program.RunAsync("rule", "check", "--strict", "scope=read:all")).ExitCode.ShouldBe(0);
        var outcome = await program.RunAsync("rule", "check", "--strict", "scop=a");
        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldContain("Error: The parameter scop is unknown and has no effect. Did you mean scope?\n");
    }
}
