namespace Porthor.Server.Platform;

/// <summary>
/// Checks that no other user can replace the data directory. A user who can write to one of its parent directories can rename it and
/// create another directory with its name.
/// </summary>
internal static class ParentPermissions
{
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>The maximum number of symbolic links that Linux follows.</summary>
    private const int MaxLinks = 40;

    /// <summary>
    /// Checks all parent directories of the data directory, also through symbolic links. A missing directory is not an error.
    /// </summary>
    /// <exception cref="StartException">
    /// Another user owns a directory or can write to it. The message names the directory, the owner, the mode and the command to run.
    /// </exception>
    public static void Check(string dataDirectory)
    {
        if (OperatingSystem.IsLinux())
            CheckParents(Path.GetFullPath(dataDirectory), dataDirectory, links: 0);
    }

    private static void CheckParents(string path, string dataDirectory, int links)
    {
        var entry = "/";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            CheckDirectory(entry, dataDirectory);
            entry = Path.Combine(entry, name);
            if (new FileInfo(entry).LinkTarget is not { } target)
                continue;
            // In a directory with the sticky bit, another user could have created the link.
            CheckOwner("symbolic link", entry, FileStatus.TryRead(entry, followLink: false), dataDirectory);
            if (links < MaxLinks)
                CheckParents(Path.GetFullPath(target, Path.GetDirectoryName(entry)!), dataDirectory, links + 1);
        }
    }

    private static void CheckDirectory(string path, string dataDirectory)
    {
        if (FileStatus.TryRead(path) is not { } status)
            return;
        CheckOwner("directory", path, status, dataDirectory);
        var writable = status.Mode & WritableByOthers;
        if (writable == UnixFileMode.GroupWrite && PrivateGroups.IsPrivate(status.GroupId))
            return;
        // With the sticky bit, only the owner of an entry can rename it.
        if (writable != UnixFileMode.None && (status.Mode & UnixFileMode.StickyBit) == UnixFileMode.None)
            throw new StartException(
                $"{Found("directory", path, status, dataDirectory)} Other users could replace the data directory. Run: chmod go-w {path}");
    }

    /// <summary>Checks the owner of a directory, because the owner can give everyone the permission to write to it.</summary>
    private static void CheckOwner(string kind, string path, FileStatus? found, string dataDirectory)
    {
        if (found is not { } status || status.OwnerId == 0 || status.OwnerId == FileStatus.CurrentUserId)
            return;
        throw new StartException(
            $"{Found(kind, path, status, dataDirectory)} {FileStatus.NameOf(status.OwnerId)} could replace the data directory, and Porthor "
            + $"runs as {FileStatus.NameOf(FileStatus.CurrentUserId)}. "
            + $"Choose another data directory, or run as root: chown -h root {path}");
    }

    private static string Found(string kind, string path, FileStatus status, string dataDirectory) =>
        $"The {kind} {path}, which contains the data directory {dataDirectory}, has mode {status.OctalMode} and belongs to "
        + $"{FileStatus.NameOf(status.OwnerId)}.";
}
