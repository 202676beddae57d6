using Microsoft.Extensions.Logging;
using Porthor.Audit;
using Porthor.Delegation;
using Porthor.History;
using Porthor.Maintenance;
using Porthor.Operations;
using Porthor.Secrets;
using Porthor.Storage;
using Porthor.Telemetry;
using Porthor.Tokens;
using Porthor.Usage;

namespace Porthor.Composition;

/// <summary>
/// Creates the token services for a token index and a record store. The server, the command line and applications that embed the library
/// use it.
/// </summary>
public sealed record TokenServicesBuilder
{
    /// <summary>The token index.</summary>
    public required ITokenIndex TokenIndex { get; init; }

    /// <summary>The history of token changes.</summary>
    public required IChangeHistory History { get; init; }

    /// <summary>The usage history; null if usage is neither recorded nor shown.</summary>
    public IUsageHistory? UsageHistory { get; init; }

    /// <summary>The time for which usage events are kept.</summary>
    public TimeSpan UsageRetention { get; init; } = UsageOptions.DefaultRetention;

    /// <summary>The record store.</summary>
    public required ITokenRecordStore RecordStore { get; init; }

    /// <summary>Encrypts and decrypts the records.</summary>
    public required Fernet Fernet { get; init; }

    /// <summary>Creates the loggers.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>Counts operations and events.</summary>
    public required PorthorMetrics Metrics { get; init; }

    /// <summary>Called for each record that cannot be read; null for no call. A request waits for it, so it must return quickly.</summary>
    public Action<UnreadableRecordException>? Damaged { get; init; }

    /// <summary>The settings of tokens.</summary>
    public TokenOptions Tokens { get; init; } = new();

    /// <summary>The settings of the stores.</summary>
    public TokenStoreOptions Stores { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Creates the services. They share one token store with its cache.</summary>
    public TokenServices Build()
    {
        var codec = new RecordCodec(Fernet, Clock);
        var store = new TokenStore(TokenIndex, RecordStore, codec, Stores, Metrics, Clock, Loggers.CreateLogger<TokenStore>())
        {
            Damaged = Damaged,
        };
        var retention = new Retention(History, UsageHistory, UsageRetention);
        return new TokenServices
        {
            Tokens = new TokenService(
                store,
                Tokens,
                new DelegatedTokens(store, Tokens, Metrics, Clock, Loggers.CreateLogger<DelegatedTokens>()),
                new HistoryPages<HistoryFilter, TokenChange>(History),
                UsageHistory is null ? null : new HistoryPages<UsageFilter, TokenUsage>(UsageHistory),
                Clock,
                Loggers.CreateLogger<TokenService>()),
            Audit = new TokenAudit(store, codec, Tokens, Clock, Loggers.CreateLogger<TokenAudit>()),
            Maintenance = new TokenMaintenance(store, retention, Metrics, Clock, Loggers.CreateLogger<TokenMaintenance>()),
            Reencryption = new RecordReencryption(RecordStore, Fernet, Loggers.CreateLogger<RecordReencryption>()),
        };
    }
}
