using Porthor.Telemetry;

namespace Porthor.Sql;

/// <summary>Contains the names of database calls in the metrics.</summary>
internal static class StoreOperationNames
{
    public const string Store = "token list";

    public const string Connecting = "connecting";
    public const string Committing = "committing";
    public const string Locking = "reading in a transaction";
    public const string Point = "reading a record";
    public const string Reading = "reading";
    public const string Script = "running a script";
    public const string Writing = "writing";

    public static void Answered(this StoreMetrics metrics, string operation, long begun) => metrics.Answered(Store, operation, begun);

    /// <summary>Counts an error, unless it is a valid result: a conflict of transactions, or a duplicate token name.</summary>
    public static Exception Counted(this StoreMetrics metrics, string operation, Exception error)
    {
        if (error is StoreUnavailableException)
            metrics.Failed(Store, operation);
        return error;
    }
}
