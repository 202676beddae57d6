using System.Reflection;

namespace Porthor.Server.Platform;

/// <summary>Provides the version and the repository of this program, as the build recorded them.</summary>
internal static class PorthorVersion
{
    private static readonly Assembly Program = typeof(PorthorVersion).Assembly;

    public static string Text { get; } = Program.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "0.0.0";

    /// <summary>Gets the URL of the source repository; empty if the build did not set it.</summary>
    public static string RepositoryUrl { get; } =
        Program.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(data => data.Key == "RepositoryUrl")?.Value ?? "";
}
