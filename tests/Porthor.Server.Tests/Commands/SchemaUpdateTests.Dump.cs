using Porthor.Testing;

namespace Porthor.Server.Tests.Commands;

public sealed partial class SchemaUpdateTests
{
    /// <summary>
    /// The query returns all properties of a schema that a migration could get wrong: columns, defaults, collations, constraints, indexes,
    /// labels.
    /// </summary>
    private const string SchemaQuery = """
        SELECT 'column', table_name, column_name, data_type, character_maximum_length::text, is_nullable,
            coalesce(collation_name, ''), coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'porthor%'
        UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', '' FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'porthor%' AND contype <> 'n'
        UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '', ''
        FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'porthor%'
        UNION ALL SELECT 'label', t.typname, e.enumlabel,
            row_number() OVER (PARTITION BY t.typname ORDER BY e.enumsortorder)::text, '', '', '', ''
        FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
        UNION ALL SELECT 'revision', version_num, '', '', '', '', '', '' FROM alembic_version
        ORDER BY 1, 2, 3, 4
        """;

    /// <summary>
    /// Returns a dump of everything except the data, without psql commands that contain a random number in newer releases.
    /// </summary>
    private static async Task<string> DumpAsync(PorthorProgram program)
    {
        var dump = await program.RunShellAsync("pg_dump --schema-only porthor");
        dump.ExitCode.ShouldBe(0, dump.Errors);
        return string.Join('\n', dump.Output.Split('\n').Where(line => !line.StartsWith('\\')));
    }

    private static async Task<List<string>> ReadSchemaAsync(PostgresServer postgres, Deployment deployment) =>
        [.. (await postgres.QueryAsync(deployment.DatabaseName!, SchemaQuery)).Select(row => string.Join(" | ", row))];
}
