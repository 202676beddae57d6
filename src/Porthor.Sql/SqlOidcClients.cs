namespace Porthor.Sql;

/// <summary>A client of the OpenID Connect server, as its row (contract/storage.md 2.2).</summary>
/// <param name="SecretHash">The ASCII text of a bcrypt hash.</param>
public sealed record OidcClientRow(
    string ClientId, byte[] SecretHash, string ReturnUri, string Description, string? Notes,
    DateTimeOffset Created, DateTimeOffset LastModified, string LastModifiedBy);

/// <summary>The clients of the OpenID Connect server.</summary>
public sealed class SqlOidcClients
{
    private readonly SqlDatabase database;

    internal SqlOidcClients(SqlDatabase database) => this.database = database;

    public async Task<IReadOnlyList<OidcClientRow>> ListAsync(CancellationToken cancellationToken) => await database.QueryAsync(
        database.Sql(
            $"""
            SELECT client_id, client_secret_hash, return_uri, description, notes, created, last_modified, last_modified_by
            FROM oidc_client ORDER BY client_id
            """),
        row => new OidcClientRow(
            row.Text(0), row.Bytes(1), row.Text(2), row.Text(3), row.TextOrNull(4), row.Time(5), row.Time(6), row.Text(7)),
        cancellationToken);

    public async Task AddAsync(IReadOnlyList<OidcClientRow> clients, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(TimeSpan.FromSeconds(30), cancellationToken);
        await session.CommitAsync(
            [
                .. clients.Select(client => database.Sql(
                    $"""
                    INSERT INTO oidc_client
                    (client_id, client_secret_hash, return_uri, description, notes, created, last_modified, last_modified_by)
                    VALUES ({client.ClientId}, {client.SecretHash}, {client.ReturnUri}, {client.Description}, {client.Notes},
                     {client.Created}, {client.LastModified}, {client.LastModifiedBy})
                    """)),
            ],
            cancellationToken);
    }
}
