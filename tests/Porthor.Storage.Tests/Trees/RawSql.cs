using Microsoft.Data.Sqlite;
using Porthor.Server.Hosting;
using Porthor.Testing;

namespace Porthor.Storage.Tests.Trees;

/// <summary>Changes the token index with plain SQL, as other software does.</summary>
internal static class RawSql
{
    public static async Task ExecuteAsync(Deployment deployment, PorthorDeployment node, string sql)
    {
        if (deployment.DatabaseName is { } database)
        {
            await (await RealServers.Instance.PostgresAsync()).QueryAsync(database, sql);
            return;
        }
        await using var connection = new SqliteConnection($"Data Source={node.DataDirectory!.DatabasePath};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text comes from the tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
