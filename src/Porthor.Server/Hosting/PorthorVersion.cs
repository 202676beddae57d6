using System.Reflection;

namespace Porthor.Server.Hosting;

/// <summary>What this program is, as its build recorded it.</summary>
internal static class PorthorVersion
{
    private static readonly Assembly Program = typeof(PorthorVersion).Assembly;

    public static string Text { get; } = Program.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>Empty in a build that was not told where its source is published.</summary>
    public static string RepositoryUrl { get; } =
        Program.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(data => data.Key == "RepositoryUrl")?.Value ?? "";
}
