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
/// Creates the token services over a token index and a record store. The server, the command line and applications that embed the library use it.
/// </summary>
public sealed record TokenServicesBuilder
{
    public required ITokenIndex TokenIndex { get; init; }

    public required IChangeHistory History { get; init; }

    /// <summary>Where uses are written down; null if they are neither recorded nor shown.</summary>
    public IUsageHistory? Uses { get; init; }

    /// <summary>How long uses are kept.</summary>
    public TimeSpan UseRetention { get; init; } = UsageOptions.UsualRetention;

    public required ITokenRecordStore RecordStore { get; init; }

    /// <summary>What encrypts the records.</summary>
    public required Fernet Fernet { get; init; }

    public required ILoggerFactory Loggers { get; init; }

    public required PorthorMetrics Metrics { get; init; }

    /// <summary>Told of each record that was found to be unreadable; called on the path of a request, so that it must be quick.</summary>
    public Action<UnreadableRecordException>? Damaged { get; init; }

    public TokenOptions Tokens { get; init; } = new();

    public TokenStoreOptions Stores { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Creates the services. They share one token store with its cache.</summary>
    public TokenServices Build()
    {
        var codec = new RecordCodec(Fernet, Clock);
        var store = new TokenStore(TokenIndex, RecordStore, codec, Stores, Metrics, Clock, Loggers.CreateLogger<TokenStore>()) { Damaged = Damaged };
        var retention = new Retention(History, Uses, UseRetention);
        return new TokenServices
        {
            Tokens = new TokenService(
                store,
                Tokens,
                new DelegatedTokens(store, Tokens, Metrics, Clock, Loggers.CreateLogger<DelegatedTokens>()),
                new HistoryPages<HistoryFilter, TokenChange>(History),
                Uses is null ? null : new HistoryPages<UsageFilter, TokenUsage>(Uses),
                Clock,
                Loggers.CreateLogger<TokenService>()),
            Audit = new TokenAudit(store, codec, Tokens, Clock, Loggers.CreateLogger<TokenAudit>()),
            Maintenance = new TokenMaintenance(store, retention, Metrics, Clock, Loggers.CreateLogger<TokenMaintenance>()),
            Reencryption = new RecordReencryption(RecordStore, Fernet, Loggers.CreateLogger<RecordReencryption>()),
        };
    }
}
