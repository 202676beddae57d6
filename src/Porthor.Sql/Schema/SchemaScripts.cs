using System.Globalization;
using System.Reflection;

namespace Porthor.Sql.Schema;

/// <summary>Contains the SQL scripts that create and update the schema. They are embedded in the assembly.</summary>
public static class SchemaScripts
{
    /// <summary>The revision of the reference that Porthor supports (contract/storage.md 2.4).</summary>
    public const string Head = "613640641b2f";

    /// <summary>The number of Porthor's own scripts. Each is applied once, in order.</summary>
    public const int OwnVersion = 4;

    /// <summary>The revisions of the reference that can be updated, in their order.</summary>
    public static readonly IReadOnlyList<string> Revisions = ["5c28ed7092c2", "2feb306dd1ee", "20ccaa8eedfd", "5a54e4db3cf4", Head];

    internal static string Own(string folder, int version) =>
        Read(string.Create(CultureInfo.InvariantCulture, $"{folder}/porthor-{version:000}.sql"));

    internal static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The script {name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
