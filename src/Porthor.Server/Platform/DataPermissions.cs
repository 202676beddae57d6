namespace Porthor.Server.Platform;

/// <summary>
/// Checks that no other user can read or change the data directory of embedded mode. It holds the session secret, which decrypts
/// every token record, and the bootstrap token.
/// </summary>
internal static class DataPermissions
{
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private static readonly string[] DatabaseLogs = ["-wal", "-shm"];

    private const UnixFileMode AccessibleToOthers = WritableByOthers | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Checks the directory and the files in it.</summary>
    /// <param name="directory">The data directory, which exists.</param>
    /// <param name="files">The names of the files that Porthor keeps there. A missing file is not an error.</param>
    /// <exception cref="StartException">
    /// Another user can write to the directory, another user owns it, a file can be read or written by another user, or a file is a
    /// symbolic link. The message names the owner, the mode and the command that corrects it.
    /// </exception>
    public static void Check(string directory, IEnumerable<string> files)
    {
        CheckMode("data directory", directory, WritableByOthers, "write to it", "700");
        foreach (var path in files.Select(name => Path.Combine(directory, name)))
        {
            RefuseLink(path);
            CheckMode("file", path, AccessibleToOthers, "read or change it", "600");
        }
    }

    /// <summary>Checks that a file is not a symbolic link, which could lead to a file that another user controls.</summary>
    /// <exception cref="StartException">
    /// The file is a symbolic link. The message names the owner and the mode of its target, and the command that moves the target here.
    /// </exception>
    public static void RefuseLink(string path)
    {
        if (new FileInfo(path).LinkTarget is not { } link)
            return;
        var target = Path.GetFullPath(link, Path.GetDirectoryName(Path.GetFullPath(path))!);
        var status = FileStatus.TryRead(target);
        var description = status is { } found
            ? $"has mode {found.OctalMode} and belongs to {FileStatus.NameOf(found.OwnerId)}"
            : "does not exist";
        // SQLite keeps the log beside the target.
        string[] moved = status is null ? [] : ["", .. DatabaseLogs.Where(end => File.Exists(target + end))];
        var command = status is null
            ? $"rm {ProgramCommand.Quote(path)}"
            : string.Join(" && ", moved.Select(end => $"mv {ProgramCommand.Quote(target + end)} {ProgramCommand.Quote(path + end)}"));
        throw new StartException(
            $"The file {path} is a symbolic link to {target}, which {description}. Porthor does not use linked files, because another user "
            + $"could control them. Run: {command}");
    }

    private static void CheckMode(string kind, string path, UnixFileMode forbidden, string risk, string correctMode)
    {
        if (FileStatus.TryRead(path) is not { } status)
            return;
        var user = FileStatus.CurrentUserId;
        var found = $"The {kind} {path} has mode {status.OctalMode} and belongs to {FileStatus.NameOf(status.OwnerId)}.";
        // A process that runs as root has switched to the owner of the directory before.
        if (status.OwnerId != 0 && status.OwnerId != user)
        {
            var name = FileStatus.NameOf(user);
            throw new StartException($"{found} Porthor runs as {name}. Run Porthor as that owner, or run as root: chown -R {name} {path}");
        }
        if ((status.Mode & forbidden) != UnixFileMode.None)
            throw new StartException($"{found} Other users could {risk}. Run: chmod {correctMode} {path}");
    }
}
