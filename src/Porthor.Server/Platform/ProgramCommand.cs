namespace Porthor.Server.Platform;

/// <summary>Determines how a user of this machine runs the program, for commands in messages.</summary>
internal static class ProgramCommand
{
    private const string Name = "porthor";

    /// <summary>
    /// Gets <c>porthor</c> if the search path finds this program under this name, and otherwise the path of the program, quoted for a
    /// shell.
    /// </summary>
    public static string Text { get; } = Find(Environment.ProcessPath, Environment.GetEnvironmentVariable("PATH"));

    /// <summary>Quotes a path for a shell, if it needs quotes.</summary>
    public static string Quote(string path) =>
        path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_')
            ? path
            : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string Find(string? program, string? searchPath)
    {
        if (program is null || Path.GetFileNameWithoutExtension(program) == "dotnet")
            return $"dotnet {Quote(Path.Combine(AppContext.BaseDirectory, $"{Name}.dll"))}";
        var installed = searchPath?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => new FileInfo(Path.Combine(folder, Name))).FirstOrDefault(file => file.Exists);
        return installed is not null && (installed.ResolveLinkTarget(returnFinalTarget: true) ?? installed).FullName == program
            ? Name
            : Quote(program);
    }
}
