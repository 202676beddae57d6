using Microsoft.Extensions.Logging.Abstractions;
using Porthor.Redis;
using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Storage.Tests.Redis;

public sealed class RevocationReplayTests
{
    /// <summary>
    /// A connection can be established while the record store is being closed. The handler of new connections must not fail then.
    /// </summary>
    [Fact]
    public async Task A_connection_after_the_record_store_was_closed_is_not_an_error()
    {
        var clock = TimeProvider.System;
        var replay = new RevocationReplay(
            new EmptyRevocationLog(), new RecordCodec(new Fernet([FernetKey.Create()], clock), clock), TimeSpan.FromHours(1), clock,
            NullLogger.Instance);
        replay.Require();
        await replay.DisposeAsync();
        Should.NotThrow(replay.Require);
        replay.IsDone.ShouldBeFalse();
    }

    private sealed class EmptyRevocationLog : IRevocationLog
    {
        public Task<IReadOnlyList<TokenKey>> RevokedAsync(
            DateTimeOffset now, TokenKey? after, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<TokenKey>>([]);

        public Task<IReadOnlyList<TokenInfo>> EditedAsync(
            DateTimeOffset since, TokenKey? after, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<TokenInfo>>([]);

        public Task<int> DeleteOldRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken) => Task.FromResult(0);
    }
}
