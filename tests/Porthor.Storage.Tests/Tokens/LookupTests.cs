using System.Text;
using Porthor.Composition;
using Porthor.Secrets;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Tokens;

/// <summary>SVC-020, deviations 3: only the token's own valid record makes a token valid.</summary>
public sealed class LookupTests
{
    [Theory, EveryMode]
    public async Task Only_its_own_record_makes_a_token_valid(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var token = Token.Create();
        var fernet = new Fernet(operations.Deployment.Settings.SessionKeys, operations.Clock);
        var wrongSecret = new Token(token.Key, new string('x', 22));
        (await operations.Tokens.GetDataAsync(token)).ShouldBeNull();

        // The tokens are unknown and logged as damaged records: no Fernet text, no JSON in the text, a record without a required field.
        foreach (var (damage, detail) in ((byte[], string)[])[
            ("foo"u8.ToArray(), "InvalidToken: "), (fernet.Encrypt("malformed json"u8), "ValidationError: not JSON"),
            (fernet.Encrypt(Json(token, username: null)), "ValidationError: username is missing")])
        {
            await ReplaceAsync(operations, token.Key, damage);
            operations.Logs.Clear();
            (await operations.Tokens.GetDataAsync(token)).ShouldBeNull();
            operations.Logs.Single("Cannot retrieve token").Fields["error"].ShouldBe(
                $"Cannot deserialize data for key token:{token.Key}: {detail}");
        }

        // With the record of another token, the token is unknown. The log line is only a warning.
        await ReplaceAsync(operations, token.Key, fernet.Encrypt(Json(Token.Create(), "example")));
        operations.Logs.Clear();
        (await operations.Tokens.GetDataAsync(token)).ShouldBeNull();
        operations.Logs.Single("Cannot retrieve token data").Fields["error"].ShouldBe($"Secret mismatch for {token.Key}");
        operations.Logs.Lines.ShouldNotContain(line => line.Message == "Cannot retrieve token");

        // A record that was repaired manually and has only the required fields is valid. With another secret it is not.
        await ReplaceAsync(operations, token.Key, fernet.Encrypt(Json(token, "example")));
        var record = (await operations.Tokens.GetDataAsync(token)).ShouldNotBeNull();
        (record.Username, record.Scopes.Text, record.Expires).ShouldBe(("example", "read:all", null));
        (await operations.Tokens.GetDataAsync(wrongSecret)).ShouldBeNull();
    }

    /// <summary>A token of this form was never issued. The store is not queried, and a query would not find it.</summary>
    [Theory, EveryMode]
    public async Task A_token_that_was_never_issued_is_unknown_without_a_query(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var core = operations.Node;
        var crashed = new FaultPlan(1, Fault.CrashesBefore);
        await Should.ThrowAsync<StoreUnavailableException>(() => crashed.StepAsync(() => Task.CompletedTask));
        var withoutStores = new TokenServicesBuilder
        {
            TokenIndex = new FaultyTokenIndex(core.Sql.TokenIndex, crashed),
            History = core.Sql.History,
            RecordStore = new FaultyRecordStore(core.RecordStore, crashed),
            Fernet = new Fernet(core.SessionKeys, core.Clock),
            Loggers = core.Loggers,
            Metrics = core.Metrics,
            Tokens = core.Settings.Tokens,
            Clock = core.Clock,
        }.Build().Tokens;
        await Should.ThrowAsync<StoreUnavailableException>(async () => await withoutStores.GetDataAsync(Token.Create()));
        foreach (var character in (string[])["\0", "\ud800", "\udc00x", "é", "\n", "+", "/", "="])
        {
            var half = character + new string('A', TokenKey.Length - character.Length);
            foreach (var token in (Token[])[new(new TokenKey(half), new string('A', 22)), new(new TokenKey(new string('A', 22)), half)])
                (await withoutStores.GetDataAsync(token)).ShouldBeNull();
            (await withoutStores.GetTokenInfoUncheckedAsync(new TokenKey(half))).ShouldBeNull();
            (await core.RecordStore.GetAsync(new TokenKey(half), TestContext.Current.CancellationToken)).ShouldBeNull();
        }
    }

    /// <summary>An expired token stays invalid even if the store keeps its record too long.</summary>
    [Theory, EveryMode]
    public async Task An_expired_record_is_treated_as_missing(Mode mode)
    {
        await using var operations = await Operations.StartAsync(mode);
        var session = await operations.Tokens.SessionForAsync("some-user");
        operations.Clock.SetUtcNow(session.Record.Expires!.Value.AddSeconds(-1));
        (await operations.Tokens.GetDataAsync(session.Record.Token)).ShouldNotBeNull();
        operations.Clock.Advance(TimeSpan.FromSeconds(1));
        (await operations.Tokens.GetDataAsync(session.Record.Token)).ShouldBeNull();
        (await operations.Node.RecordStore.GetAsync(session.Record.Token.Key, TestContext.Current.CancellationToken)).ShouldNotBeNull();
    }

    private static byte[] Json(Token token, string? username)
    {
        var user = username is null ? "" : $"\"username\":\"{username}\",";
        var text =
            $$"""{"token":{"key":"{{token.Key}}","secret":"{{token.Reveal()[26..]}}"}"""
                + $$""",{{user}}"token_type":"session","scopes":["read:all"],"created":{{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}}"""
                + $$""","name":"Some User"}""";
        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>Replaces the value of a key.</summary>
    private static async Task ReplaceAsync(Operations operations, TokenKey key, byte[] value)
    {
        await using var transaction = await operations.Node.Sql.TokenIndex.BeginAsync(
            TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        var recordStore = operations.Node.RecordStore.Within(transaction);
        await recordStore.DeleteAsync([key], TestContext.Current.CancellationToken);
        await transaction.FlushAsync(TestContext.Current.CancellationToken);
        await recordStore.CreateAsync(key, new EncryptedRecord(value), expires: null, TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }
}
