namespace Porthor.Sql;

/// <summary>Represents a row of a client of the OpenID Connect server (contract/storage.md 2.2).</summary>
/// <param name="ClientId">The client ID.</param>
/// <param name="SecretHash">The bcrypt hash of the client secret, as ASCII text.</param>
/// <param name="ReturnUri">The redirect URI.</param>
/// <param name="Description">The description.</param>
/// <param name="Notes">Notes of the administrators; null if there are none.</param>
/// <param name="Created">The time of creation.</param>
/// <param name="LastModified">The time of the last change.</param>
/// <param name="LastModifiedBy">The user who made the last change.</param>
public sealed record OidcClientRow(
    string ClientId, byte[] SecretHash, string ReturnUri, string Description, string? Notes,
    DateTimeOffset Created, DateTimeOffset LastModified, string LastModifiedBy);

/// <summary>Stores the clients of the OpenID Connect server.</summary>
public sealed class SqlOidcClients
{
    private readonly SqlDatabase database;

    internal SqlOidcClients(SqlDatabase database) => this.database = database;

    /// <summary>Returns all clients, ordered by client ID.</summary>
    public async Task<IReadOnlyList<OidcClientRow>> ListAsync(CancellationToken cancellationToken) => await database.QueryAsync(
        database.Sql(
            $"""
            SELECT client_id, client_secret_hash, return_uri, description, notes, created, last_modified, last_modified_by
            FROM oidc_client ORDER BY client_id
            """),
        row => new OidcClientRow(
            row.Text(0), row.Bytes(1), row.Text(2), row.Text(3), row.TextOrNull(4), row.Time(5), row.Time(6), row.Text(7)),
        cancellationToken);

    /// <summary>Adds clients.</summary>
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
