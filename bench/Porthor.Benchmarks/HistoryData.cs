using Microsoft.Data.Sqlite;
using Porthor.Testing;

namespace Porthor.Benchmarks;

/// <summary>
/// One million changes: a tenth of one user, another tenth by one actor, another from one address block, and all others spread evenly.
/// </summary>
internal static class HistoryData
{
    public const int Rows = 1_000_000;
    public const string User = "big-user";
    public const string Actor = "big-admin";
    public const string Block = "10.0.0.0/8";

    public static async Task FillAsync(Deployment deployment)
    {
        if (deployment.Mode == Mode.Embedded)
            FillSqlite(Path.Combine(deployment.Settings.DataDirectory, "porthor.db"));
        else
            await FillPostgresAsync(deployment.DatabaseName!);
    }

    private static async Task FillPostgresAsync(string database)
    {
        var postgres = await RealServers.Instance.PostgresAsync();
        await postgres.ExecuteAsync(
            database,
            $"""
            INSERT INTO token_change_history (token, username, token_type, token_name, scopes, actor, action, ip_address, event_time)
            SELECT lpad(i::text, 22, 'k'), CASE WHEN i % 10 = 0 THEN '{User}' ELSE 'user' || (i % 1000) END,
                'user', 'name ' || i, 'read:all,user:token',
                   CASE WHEN i % 10 = 1 THEN '{Actor}' ELSE 'user' || (i % 1000) END, 'create',
                   (CASE WHEN i % 10 = 2 THEN '10.' ELSE '172.' END || i % 200 || '.' || i / 200 % 200 || '.' || i % 250)::inet,
                   timestamp '2026-01-01' + (i / 2) * interval '1 second'
            FROM generate_series(1, {Rows}) AS i
            """);
        await postgres.ExecuteAsync(database, "VACUUM ANALYZE token_change_history");
    }

    private static void FillSqlite(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandTimeout = 600;
        command.CommandText =
            $"""
            WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {Rows})
            INSERT INTO token_change_history (token, username, token_type, token_name, scopes, actor, action, ip_address, event_time)
            SELECT printf('%022d', i), CASE WHEN i % 10 = 0 THEN '{User}' ELSE 'user' || (i % 1000) END,
                'user', 'name ' || i, 'read:all,user:token',
                   CASE WHEN i % 10 = 1 THEN '{Actor}' ELSE 'user' || (i % 1000) END, 'create',
                   unhex('04' || CASE WHEN i % 10 = 2 THEN '0A' ELSE 'AC' END || printf('%02X%02X%02X', i % 200, i / 200 % 200, i % 250)),
                   (1767225600 + i / 2) * 1000000
            FROM numbers
            """;
        command.ExecuteNonQuery();
    }
}
