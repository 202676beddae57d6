namespace Porthor.Server.Platform;

/// <summary>Checks files with secrets outside of the data directory: those of <c>PORTHOR_..._FILE</c> and <c>--env-file</c>.</summary>
internal static class SecretFile
{
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>
    /// Returns the reason why a file must not be used: other users can change it. Returns null if they cannot, or if it does not exist. The
    /// owner and the read permissions are not checked, because containers mount such files with the owner and mode of their host.
    /// </summary>
    public static string? FindRisk(string path)
    {
        if (FileStatus.TryRead(path) is not { } status || !File.Exists(path))
            return null;
        var writable = status.Mode & WritableByOthers;
        if (writable == UnixFileMode.None || (writable == UnixFileMode.GroupWrite && PrivateGroups.IsPrivate(status.GroupId)))
            return null;
        return $"the file has mode {status.OctalMode} and belongs to {FileStatus.NameOf(status.OwnerId)}; other users could change it. "
            + $"Run: chmod go-w {path}";
    }
}
