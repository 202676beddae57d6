using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Dependencies;
using ArchUnitNET.Loader;
using Porthor.Ldap;
using Porthor.Redis;
using Porthor.Server.Hosting;
using Porthor.Sql;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Architecture;

/// <summary>
/// The folders of each assembly form layers: a folder depends only on folders that its list names before it
/// (docs/developers/layout.md). So there is no cycle between folders.
/// </summary>
public sealed class LayerTests
{
    private const string Root = "(root)";

    private static readonly string[] Library =
    [
        Root, "Values", "Secrets", "Concurrency", "Identity", "Tokens", "History", "Storage", "Quotas", "Usage", "Delegation", "Audit",
        "Maintenance", "Sessions", "Users", "Operations", "OpenIdConnect", "Ingress", "Telemetry", "Composition",
    ];

    private static readonly string[] Server =
    [
        "Values", "Accounts", "Platform", "Logging", "Configuration", "Alerts", "Http", "Ingress", "Api", "Health", "Web", "Login",
        "OpenIdConnect", "Observation", "Hosting", "Commands", Root,
    ];

    private static readonly (System.Reflection.Assembly Assembly, string Root)[] Adapters =
    [
        (typeof(LdapDirectory).Assembly, "Porthor.Ldap"), (typeof(RedisRecordStore).Assembly, "Porthor.Redis"),
        (typeof(SqlStores).Assembly, "Porthor.Sql"),
    ];

    [Fact]
    public void The_folders_of_the_library_form_layers() => ShouldFormLayers(typeof(Token).Assembly, "Porthor", Library);

    [Fact]
    public void The_folders_of_the_server_form_layers() => ShouldFormLayers(typeof(PorthorDeployment).Assembly, "Porthor.Server", Server);

    [Fact]
    public void The_library_uses_no_web_server_and_no_database_driver()
    {
        string[] forbidden = ["Microsoft.AspNetCore", "Npgsql", "SQLitePCL", "StackExchange.Redis", "Porthor.Ldap", "Porthor.Redis",
            "Porthor.Server", "Porthor.Sql"];
        Dependencies(typeof(Token).Assembly)
            .Where(dependency => forbidden.Any(name => IsWithin(NamespaceOf(dependency.Target), name)))
            .Select(Describe).Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void The_adapters_of_the_library_do_not_use_each_other_or_the_server()
    {
        foreach (var (assembly, root) in Adapters)
        {
            var forbidden = Adapters.Select(other => other.Root).Append("Porthor.Server").Where(name => name != root).ToList();
            Dependencies(assembly)
                .Where(dependency => forbidden.Exists(name => IsWithin(NamespaceOf(dependency.Target), name)))
                .Select(Describe).Distinct().ShouldBeEmpty();
        }
    }

    private static void ShouldFormLayers(System.Reflection.Assembly assembly, string root, string[] layers)
    {
        var between = Dependencies(assembly)
            .Select(dependency => (From: FolderOf(dependency.Origin, root), To: FolderOf(dependency.Target, root), Dependency: dependency))
            .Where(dependency => dependency is { From: not null, To: not null } && dependency.From != dependency.To)
            .ToList();
        between.ShouldNotBeEmpty();
        between.Select(dependency => dependency.From!).Concat(between.Select(dependency => dependency.To!)).Distinct().Except(layers)
            .ShouldBeEmpty("each folder must be in the list of layers");
        between.Where(dependency => Array.IndexOf(layers, dependency.From) < Array.IndexOf(layers, dependency.To))
            .Select(dependency => Describe(dependency.Dependency)).Distinct().Order(StringComparer.Ordinal)
            .ShouldBeEmpty();
    }

    private static List<ITypeDependency> Dependencies(System.Reflection.Assembly assembly) =>
        [.. new ArchLoader().LoadAssembly(assembly).Build().Types.SelectMany(type => type.Dependencies)];

    /// <summary>
    /// Returns the folder of a type, which is the part of its namespace after the root; null if the type is not below the root.
    /// </summary>
    private static string? FolderOf(IType type, string root)
    {
        var name = NamespaceOf(type);
        if (!IsWithin(name, root)
            || (root == "Porthor" && Adapters.Select(adapter => adapter.Root).Append("Porthor.Server").Any(other => IsWithin(name, other))))
            return null;
        return name.Length == root.Length ? Root : name[(root.Length + 1)..].Split('.')[0];
    }

    /// <summary>Returns the namespace; empty for a type parameter.</summary>
    private static string NamespaceOf(IType type) => type.Namespace?.FullName ?? "";

    private static bool IsWithin(string name, string root) => name == root || name.StartsWith(root + ".", StringComparison.Ordinal);

    private static string Describe(ITypeDependency dependency) => $"{dependency.Origin.FullName} -> {dependency.Target.FullName}";
}
