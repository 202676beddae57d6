using System.Globalization;
using CsCheck;
using Porthor.History;
using Porthor.Operations;
using Porthor.Server.Hosting;
using Porthor.Testing;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Storage.Tests.Model;

/// <summary>
/// Runs random operations on one user's tokens in all three modes and in a model. After every step they must agree on the valid tokens and
/// their scopes, and at the end on the list and the history. CsCheck prints the seed of a failure. The environment variable
/// <c>PORTHOR_MODEL_RUNS</c> sets the number of runs.
/// </summary>
public sealed class ModelTests
{
    private const string All = "user:token,read:all,exec:notebook,exec:test";
    private const string Service = "some-service";

    private static readonly string[] Names = ["read:all", "exec:notebook", "exec:test"];

    private static readonly Gen<Step[]> Sequences =
        Gen.Select(Gen.Enum<Operation>(), Gen.Int[0, 99], Gen.Int[0, 7], (operation, target, scopes) => new Step(operation, target, scopes))
            .Array[1, 25];

    private static readonly int Iterations = int.Parse(
        Environment.GetEnvironmentVariable("PORTHOR_MODEL_RUNS") ?? "40", CultureInfo.InvariantCulture);

    private int runs;

    internal enum Operation
    {
        CreateUserToken,
        GetInternalToken,
        GetNotebookToken,
        Change,
        Revoke,
    }

    [Fact]
    public async Task All_modes_agree_with_the_model()
    {
        List<Deployment> deployments = [];
        try
        {
            List<PorthorDeployment> nodes = [];
            foreach (var mode in Enum.GetValues<Mode>().Where(mode => Prerequisites.SkipReason(mode) is null))
            {
                deployments.Add(await Deployment.CreateAsync(mode));
                nodes.Add(await deployments[^1].OpenNodeAsync());
            }
            await Sequences.SampleAsync(steps => RunStepsAsync(nodes, steps), iter: Iterations, threads: 1);
        }
        finally
        {
            foreach (var deployment in deployments)
                await deployment.DisposeAsync();
        }
    }

    private async Task RunStepsAsync(List<PorthorDeployment> nodes, Step[] steps)
    {
        var username = $"user{Interlocked.Increment(ref runs)}";
        List<string> histories = [];
        foreach (var node in nodes)
            histories.Add(await RunStepsAsync(node, username, steps));
        histories.Distinct().Count().ShouldBe(1, string.Join("\n\n", histories));
    }

    /// <summary>Returns the history at the end, with tokens numbered in the order of creation.</summary>
    private static async Task<string> RunStepsAsync(PorthorDeployment node, string username, Step[] steps)
    {
        var session = await node.Tokens.SessionForAsync(username, All);
        var model = new TokenModel();
        model.Add(session.Record.Token, TokenType.Session, session.Scopes, parent: null);
        foreach (var step in steps)
        {
            await ApplyAsync(node, session, model, step);
            foreach (var entry in model.Entries)
            {
                var found = await node.Tokens.GetDataAsync(entry.Token);
                (found?.Scopes.Text).ShouldBe(entry.IsValid ? entry.Scopes.Text : null, step.ToString());
            }
        }
        var listed = await node.Tokens.ListTokensAsync(session, username);
        listed.Select(token => (token.Token, token.Scopes.Text)).ShouldBe(
            model.Entries.Where(entry => entry.IsValid).Select(entry => (entry.Token.Key, entry.Scopes.Text)), ignoreOrder: true);
        return await HistoryAsync(node, session, model);
    }

    private static async Task ApplyAsync(PorthorDeployment node, Caller session, TokenModel model, Step step)
    {
        var scopes = ScopeSet.Of(Names.Where((_, bit) => (step.Scopes & (1 << bit)) != 0));
        if (step.Operation == Operation.CreateUserToken)
        {
            var request = new UserTokenRequest($"token {model.Entries.Count}", scopes, Expires: null);
            model.Add(await node.Tokens.CreateUserTokenAsync(session, session.Username, request), TokenType.User, scopes, parent: null);
            return;
        }
        var valid = model.Entries.Where(entry => entry.IsValid).ToList();
        var target = valid[step.Target % valid.Count];
        switch (step.Operation)
        {
            case Operation.GetInternalToken or Operation.GetNotebookToken:
                await DelegateAsync(node, model, target, step.Operation, scopes.Intersect(target.Scopes));
                break;
            case Operation.Change when target.Type == TokenType.User:
                var edit = new TokenEdit { Scopes = scopes };
                (await node.Tokens.ModifyTokenAsync(target.Token.Key, TokenBuilders.Administrator(node.Clock), session.Username, edit))
                    .ShouldNotBeNull();
                model.Change(target, scopes);
                break;
            case Operation.Revoke when target.Type != TokenType.Session:
                (await node.Tokens.DeleteTokenAsync(target.Token.Key, session, session.Username)).ShouldBeTrue();
                model.Revoke(target);
                // A second revocation finds no token, so the token is deleted and not only hidden.
                (await node.Tokens.DeleteTokenAsync(target.Token.Key, session, session.Username)).ShouldBeFalse();
                break;
        }
    }

    private static async Task DelegateAsync(
        PorthorDeployment node, TokenModel model, TokenModel.Entry parent, Operation operation, ScopeSet requested)
    {
        var caller = await node.Tokens.CallerAsync(parent.Token);
        var (type, scopes) = operation == Operation.GetNotebookToken ? (TokenType.Notebook, parent.Scopes)
            : (TokenType.Internal, requested);
        var child = type == TokenType.Notebook
            ? await node.Tokens.GetNotebookTokenAsync(caller)
            : await node.Tokens.GetInternalTokenAsync(caller, Service, scopes);
        if (model.Entries.FirstOrDefault(entry => entry.Token.Equals(child)) is { } known)
        {
            // An existing child was returned: it must have this parent, be valid, and have exactly the requested scopes.
            (known.Parent, known.Type, known.IsValid, known.Scopes.Text).ShouldBe((parent, type, true, scopes.Text));
            return;
        }
        model.ChildOf(parent, type, scopes).ShouldBeNull("an existing child was not returned again");
        model.Add(child, type, scopes, parent);
    }

    private static async Task<string> HistoryAsync(PorthorDeployment node, Caller session, TokenModel model)
    {
        var numbers =
            model.Entries.Select((entry, number) => (entry.Token.Key, number)).ToDictionary(pair => pair.Key, pair => pair.number);
        var page = await node.Tokens.GetChangeHistoryAsync(
            session, new HistoryRequest<HistoryFilter>(new HistoryFilter { Username = session.Username }, Cursor: null, Limit: null));
        List<string> lines = [];
        await foreach (var change in page.Rows)
        {
            var parent = change.Parent is { } key ? $"{numbers[key]}" : "none";
            lines.Add($"{numbers[change.Token]:D3} {change.Action} {change.TokenType} {change.Actor} {change.Scopes} parent {parent}");
        }
        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines);
    }

    internal sealed record Step(Operation Operation, int Target, int Scopes);
}
