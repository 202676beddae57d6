using Porthor.Storage;

namespace Porthor.Sql;

/// <summary>Stores the clients of the OpenID Connect provider in the table <c>oidc_client</c>, which the reference uses too.</summary>
internal sealed class SqlOidcClients(SqlDatabase database) : IOidcClientStore
{
    private static readonly SqlFragment Columns =
        new("client_id, client_secret_hash, return_uri, description, notes, created, last_modified, last_modified_by");

    public async Task<IReadOnlyList<OidcClient>> ListAsync(CancellationToken cancellationToken) => await database.QueryAsync(
        database.Sql($"SELECT {Columns} FROM oidc_client ORDER BY client_id"), Read, cancellationToken);

    public async Task<OidcClient?> FindAsync(string clientId, CancellationToken cancellationToken)
    {
        // A text of the database cannot contain NUL.
        if (clientId.Contains('\0', StringComparison.Ordinal))
            return null;
        var found = await database.QueryAsync(
            database.Sql($"SELECT {Columns} FROM oidc_client WHERE client_id = {clientId}"), Read, cancellationToken);
        return found.SingleOrDefault();
    }

    public async Task AddAsync(IReadOnlyList<OidcClient> clients, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        await session.CommitAsync(
            [
                .. clients.Select(client => database.Sql(
                    $"""
                    INSERT INTO oidc_client ({Columns})
                    VALUES ({client.ClientId}, {client.SecretHash}, {client.ReturnUri}, {client.Description}, {client.Notes},
                     {client.Created}, {client.LastModified}, {client.LastModifiedBy})
                    """)),
            ],
            cancellationToken);
    }

    public async Task<OidcClient?> UpdateAsync(
        string clientId, string returnUri, string description, string? notes, DateTimeOffset modified, string modifiedBy,
        CancellationToken cancellationToken)
    {
        if (clientId.Contains('\0', StringComparison.Ordinal))
            return null;
        await using var session = await database.BeginAsync(cancellationToken);
        var changed = await session.QueryAsync(
            database.Sql(
                $"""
                UPDATE oidc_client SET return_uri = {returnUri}, description = {description}, notes = {notes},
                    last_modified = {modified}, last_modified_by = {modifiedBy}
                WHERE client_id = {clientId} RETURNING {Columns}
                """),
            Read,
            cancellationToken);
        await session.CommitAsync([], cancellationToken);
        return changed.SingleOrDefault();
    }

    public async Task DeleteAsync(string clientId, CancellationToken cancellationToken)
    {
        if (clientId.Contains('\0', StringComparison.Ordinal))
            return;
        await using var session = await database.BeginAsync(cancellationToken);
        await session.CommitAsync([database.Sql($"DELETE FROM oidc_client WHERE client_id = {clientId}")], cancellationToken);
    }

    private static OidcClient Read(SqlRow row) => new(
        row.Text(0), row.Bytes(1), row.Text(2), row.Text(3), row.TextOrNull(4), row.Time(5), row.Time(6), row.Text(7));
}
